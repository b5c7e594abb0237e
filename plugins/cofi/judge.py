"""How far the judge is trusted, from settings: second opinions, a floor under confidence, canaries."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cofi.budgets import budget_of
from cofi.hooks.llm import LlmHook
from cofi.settings import Settings
from include.judge.canaries import Canaries, read_canaries
from include.judge.setting import SecondOpinionSetting, Source, read_setting

if TYPE_CHECKING:
    from include.judge.confidence import ConfidenceFloor
    from include.judge.work import JudgedWork
    from include.llm.client import LlmSettings
    from include.llm.usage import Prices
    from include.scorecards.gold import Labels

log = logging.getLogger(__name__)


def second_opinion_of(settings: Settings) -> SecondOpinionSetting:
    """Whom to ask again, and on what.

    Raises:
        InvalidInput: A setting is wrong.
    """
    return read_setting(
        settings.second_opinion, settings.second_opinion_on, settings.second_opinion_temperature
    )


def canaries_of(settings: Settings) -> Canaries:
    """What is asked about every night, with the labels of its own files alone.

    Raises:
        InvalidInput: The setting, or one of these files, is wrong.
    """
    return read_canaries(settings.canary_calls, {})


def all_labels(settings: Settings) -> "Labels":
    """What people answered: the gold labels, and those of the canaries' files.

    Raises:
        InvalidInput: A file is wrong.
    """
    from cofi.promotion import labels_of  # noqa: PLC0415 - few tasks need it

    return read_canaries(settings.canary_calls, labels_of(settings)).labels


def checked(settings: Settings, params: Mapping[str, Any], prices: "Prices") -> None:
    """Refuses at once what would fail after a night of GPU work.

    Raises:
        InvalidInput: A setting is wrong, a connection is missing, or a model has no price for the budget.
    """
    canaries_of(settings)
    second = second_opinion_of(settings)
    if second.source in (Source.MODEL, Source.CONNECTION):
        other = other_api(settings)
        budget_of(params, settings).check(other.model if other else second.name, prices)


def other_api(settings: Settings, slots: int = 1) -> "LlmSettings | None":
    """Where second opinions come from, if from a connection of their own; call it before anything is awaited.

    Raises:
        InvalidInput: There is no such connection, or it names no model.
    """
    second = second_opinion_of(settings)
    return LlmHook(slots, second.name).get_conn() if second.source is Source.CONNECTION else None


@asynccontextmanager
async def looking_over(
    work: "JudgedWork", settings: Settings, other: "LlmSettings | None"
) -> "AsyncIterator[JudgedWork]":
    """LLM2 as the settings want it: with others that are asked, and a floor under confidence.

    Args:
        work: Without them.
        settings: The deployment's.
        other: From `other_api`.
    """
    from include.judge.another_api import ClientBeside  # noqa: PLC0415 - only a task of LLM2 pays for it
    from include.judge.asking import SECOND_OPINION  # noqa: PLC0415
    from include.judge.work import SecondOpinions  # noqa: PLC0415
    from include.llm.budget import Payer  # noqa: PLC0415

    second, floor = second_opinion_of(settings), await _floor(work, settings)
    batch_id, first = work.job.batch_id, work.client
    if second.source is Source.NONE:
        yield replace(work, floor=floor)
    elif other is not None:
        payer = Payer(batch_id, SECOND_OPINION, other.model)
        async with ClientBeside(other, first, payer) as client:
            yield replace(work, floor=floor, second=SecondOpinions(second, client))
    else:
        model = second.name or first.settings.model
        changed: dict[str, Any] = {"model": model}
        if second.source is Source.SAMPLES and first.settings.temperature is not None:
            changed["temperature"] = second.temperature
        client = first.asking(Payer(batch_id, SECOND_OPINION, model), **changed)
        yield replace(work, floor=floor, second=SecondOpinions(second, client))


async def _floor(work: "JudgedWork", settings: Settings) -> "ConfidenceFloor | None":
    """The floor under calibrated confidence; None when there is none, or nothing to calibrate by."""
    if not settings.review_below_confidence:
        return None
    from cofi.promotion import labels_of  # noqa: PLC0415
    from include.judge.confidence import ConfidenceFloor  # noqa: PLC0415
    from include.judge.stated import calibration_of  # noqa: PLC0415

    labels, model = labels_of(settings), work.client.settings.model
    found = await asyncio.to_thread(
        work.database.read, lambda c: calibration_of(c, labels, work.scorecard.sha256, model)
    )
    if not found.enough:
        log.info("Confidence decides nothing: %d answers of %s have labels, too few", found.answers, model)
    return ConfidenceFloor(settings.review_below_confidence, found)
