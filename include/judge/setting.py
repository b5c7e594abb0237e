"""Who is asked for second opinions, as a deployment writes it: none, samples:3, model:NAME, connection:ID."""

from dataclasses import dataclass
from enum import StrEnum

from include.errors import InvalidInput
from include.scorecards.opinions import AskedOn

# More of the same model's samples tell hardly more, and each costs as much.
MOST_SAMPLES = 20
_HOTTEST = 2.0
_FORMS = "write none, samples:K, model:NAME or connection:ID"


class Source(StrEnum):
    """Whose opinion it is: the same model's once more, another one's of the same API, another API's."""

    NONE = "none"
    SAMPLES = "samples"
    MODEL = "model"
    CONNECTION = "connection"


@dataclass(frozen=True)
class SecondOpinionSetting:
    """Who is asked, and on what.

    Attributes:
        samples: How many, of `SAMPLES`.
        name: Of the model, or of the connection.
        asked_on: Which answers.
        temperature: Of samples. A model whose temperature cannot be set (`LlmSettings`) has its own.
    """

    source: Source = Source.NONE
    samples: int = 1
    name: str = ""
    asked_on: AskedOn = AskedOn.FAILING
    temperature: float = 0.7


def read_setting(text: str, asked_on: str, temperature: float) -> SecondOpinionSetting:
    """Reads `[cofi] second_opinion`, `second_opinion_on` and `second_opinion_temperature`.

    Raises:
        InvalidInput: One of them is wrong; the message says what to write.
    """
    try:
        on = AskedOn(asked_on.strip())
    except ValueError as error:
        raise _wrong("second_opinion_on", asked_on, f"write {' or '.join(AskedOn)}") from error
    if not 0 < temperature <= _HOTTEST:
        problem = f"write a temperature above 0, up to {_HOTTEST:g}: at 0 all samples are the same"
        raise _wrong("second_opinion_temperature", f"{temperature:g}", problem)
    kind, _, detail = (part.strip() for part in text.partition(":"))
    if kind not in list(Source) or (kind == Source.NONE) != (not detail):
        raise _wrong("second_opinion", text, _FORMS)
    source = Source(kind)
    if source is not Source.SAMPLES:
        return SecondOpinionSetting(source, 1, detail, on, temperature)
    if not detail.isdecimal() or not 1 <= int(detail) <= MOST_SAMPLES:
        raise _wrong("second_opinion", text, f"write from samples:1 to samples:{MOST_SAMPLES}")
    return SecondOpinionSetting(source, int(detail), "", on, temperature)


def _wrong(name: str, value: str, problem: str) -> InvalidInput:
    return InvalidInput(f"[cofi] {name} = {value}: {problem}.")
