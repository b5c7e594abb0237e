"""The prompts' texts. A variant is a folder in `prompts/` with the files that differ from those shipped."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from include.errors import InvalidInput

PROMPTS_FOLDER = Path(__file__).parent / "prompts"
SHIPPED = "shipped"


@dataclass(frozen=True)
class Wording:
    """Which texts the LLM reads.

    Attributes:
        variant: Name of a folder; `SHIPPED` for none.
    """

    variant: str = SHIPPED

    def text(self, name: str) -> str:
        """A prompt file's text; `name` without `.md`."""
        return _text(self.variant, name)


SHIPPED_WORDING = Wording()


def variants() -> list[str]:
    """The names of the variants."""
    return [SHIPPED, *sorted(path.name for path in PROMPTS_FOLDER.iterdir() if path.is_dir())]


def checked(variant: str) -> Wording:
    """The wording of a variant.

    Raises:
        InvalidInput: There is none, or it holds a file that is no prompt.
    """
    if variant not in variants():
        raise InvalidInput(f"There are no prompts {variant}: choose from {', '.join(variants())}.")
    known = {path.name for path in PROMPTS_FOLDER.glob("*.md")}
    folder = PROMPTS_FOLDER / variant
    unknown = sorted(path.name for path in folder.glob("*") if path.name not in known)
    if unknown:
        raise InvalidInput(f"{folder} holds {', '.join(unknown)}: prompts are {', '.join(sorted(known))}.")
    return Wording(variant)


@cache
def _text(variant: str, name: str) -> str:
    own = PROMPTS_FOLDER / variant / f"{name}.md"
    return (own if own.is_file() else PROMPTS_FOLDER / f"{name}.md").read_text("utf-8")
