"""Canaries: calls whose right answers are known, and which are asked about every night anew.

They are named in `[cofi] canary_calls` as day/path, or by a file or folder of gold labels.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from include.errors import InvalidInput
from include.scorecards.gold import CallKey, Labels, load_labels

# What their requests are called among stored answers, and what was paid for.
CANARY_LLM1, CANARY_LLM2 = "canary_llm1", "canary_llm2"
CANARY_STAGES = (CANARY_LLM1, CANARY_LLM2)
_CALL = re.compile(r"(\d{4}-\d{2}-\d{2})/(.+)")


@dataclass(frozen=True)
class Canaries:
    """What is asked about, and what people answered.

    Attributes:
        calls: In order.
        labels: The deployment's gold labels, and those of the files that name canaries.
    """

    calls: tuple[CallKey, ...]
    labels: Labels


def read_canaries(text: str, gold: Labels) -> Canaries:
    """Reads the setting: items between commas or line breaks.

    Args:
        text: Each item is `2026-11-16/1001-billing.wav`, or a path to a CSV of gold labels, or to a folder of
            such; empty for no canaries.
        gold: The deployment's labels.

    Raises:
        InvalidInput: An item is none of these.
    """
    calls: dict[CallKey, None] = {}
    labels: dict[CallKey, Mapping[str, str]] = dict(gold)
    for item in (item.strip() for item in re.split(r"[,\n]", text)):
        if not item:
            continue
        if found := _CALL.fullmatch(item):
            calls[_day(found[1], item), found[2]] = None
            continue
        for file in _files(Path(item)):
            for key, of_call in load_labels(file).items():
                calls[key] = None
                labels[key] = {**labels.get(key, {}), **of_call}
    return Canaries(tuple(sorted(calls)), labels)


def night_of(opened_at: datetime, timezone: str) -> date:
    """The night that a run belongs to: the site's date when it was opened. A canary is asked once a night."""
    return opened_at.astimezone(ZoneInfo(timezone)).date()


def canary_identity(identity: str, night: date) -> str:
    """Names a canary's request: a night's own, for a stored answer would hide that the model has changed."""
    return sha256(f"canary\0{night.isoformat()}\0{identity}".encode()).hexdigest()


def _day(text: str, item: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _wrong(item, f"{text} is no day ({error})") from error


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        if not files:
            raise _wrong(str(path), "the folder holds no .csv file")
        return files
    if not path.is_file():
        raise _wrong(str(path), "there is no such file or folder, nor does it begin with a day")
    return [path]


def _wrong(item: str, problem: str) -> InvalidInput:
    return InvalidInput(
        f"[cofi] canary_calls: {item}: {problem}. Write calls like 2026-11-16/1001-billing.wav, or the path "
        "of a CSV of gold labels, or of a folder of such."
    )
