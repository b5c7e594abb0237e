"""A scorecard in short: what the LLM will be asked, and which announcements that it names are missing."""

from pathlib import Path

from include.gpu.wire import SegmentKind
from include.scorecards.asking import asked_text
from include.scorecards.schema import AnsweredBy, Scorecard


def described(scorecard: Scorecard) -> str:
    """The scorecard in short, then the questions as the LLM reads them."""
    asked = scorecard.answered_by(AnsweredBy.LLM)
    again = [c.id for c in asked if c.may_be_asked_again]
    computed = [
        f"{c.id} ({c.answered_by})" for c in scorecard.criteria if c.answered_by is not AnsweredBy.LLM
    ]
    return "\n".join(
        [
            f"{scorecard.title}: {scorecard.id}, version {scorecard.version}, sha256 {scorecard.sha256}",
            f"{len(scorecard.criteria)} criteria in {len(scorecard.sections)} sections; pass from "
            f"{scorecard.pass_threshold_pct:g} %",
            f"applies if: {scorecard.applies_if or 'always'}",
            f"computed by code: {', '.join(computed) or 'none'}",
            f"a second opinion may be asked for: {', '.join(again) or 'none'}",
            f"the LLM is asked {len(asked)}:",
            "",
            asked_text(asked),
        ]
    )


def missing_prompts(scorecard: Scorecard, folder: Path) -> list[str]:
    """Which announcements a scorecard names that a library of known audio does not have, a line each.

    Raises:
        InvalidInput: There is no such folder.
    """
    # It brings what decodes audio; no other part of the check needs that.
    from include.gpu_host.ivr.library import files_of  # noqa: PLC0415

    files = list(files_of(folder))
    there = sorted(file.name for file in files if file.kind is SegmentKind.PROMPT)
    music = {file.name for file in files if file.kind is SegmentKind.HOLD_MUSIC}
    return [
        f'criterion "{criterion.id}": settled_by_prompt: {folder} has no prompt "{name}"'
        + (", but music of that name" if name in music else f"; it has {', '.join(there) or 'none'}")
        for criterion in scorecard.criteria
        for name in (criterion.settled_by_prompt.prompts if criterion.settled_by_prompt else [])
        if name not in there
    ]
