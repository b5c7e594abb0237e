"""What left as a token, summed up."""

from include.calls.stage import Stage
from include.delivery.summary import summarise
from tests.unit.delivery.seeding import SeededDay

RUN, EARLIER = "run-2", "run-1"


def test_what_was_redacted_is_counted_once_per_call(day: SeededDay) -> None:
    day.batch(EARLIER)
    day.batch(RUN)
    both, second, clean, silent = (day.call(RUN, f"{n}.wav") for n in range(4))
    day.llm(EARLIER, both, model="model-0", redactions={"IBAN": 9})
    day.llm(RUN, both, model="model-1", stage=Stage.LLM1, redactions={"NAME": 3, "CARD": 1})
    day.llm(RUN, both, redactions={"NAME": 3, "CARD": 1})
    day.llm(RUN, second, redactions={"NAME": 2})
    day.llm(RUN, clean)
    day.llm(RUN, silent, model="none", attempts=0)

    redactions = summarise(day.database, RUN).redactions

    assert (redactions.calls, redactions.redacted) == (3, 2)
    assert [(one.type, one.times, one.calls) for one in redactions.types] == [("NAME", 5, 2), ("CARD", 1, 1)]
