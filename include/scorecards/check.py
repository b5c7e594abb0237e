"""Checks a scorecard file: `python -m include.scorecards.check FILE`.

Prints what the LLM will be asked, or what is wrong with the file (exit code 1).
"""

import argparse
import sys
from pathlib import Path

from include.errors import InvalidInput
from include.scorecards.asking import asked_text
from include.scorecards.loading import load_scorecard
from include.scorecards.schema import AnsweredBy, Scorecard


def main(arguments: list[str] | None = None) -> int:
    """Runs the check; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.scorecards.check", description=__doc__)
    parser.add_argument("file", type=Path, help="scorecard, YAML")
    chosen = parser.parse_args(arguments)
    try:
        scorecard = load_scorecard(chosen.file)
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return 1
    print(described(scorecard))
    return 0


def described(scorecard: Scorecard) -> str:
    """The scorecard in short, then the questions as the LLM reads them."""
    asked = scorecard.answered_by(AnsweredBy.LLM)
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
            f"the LLM is asked {len(asked)}:",
            "",
            asked_text(asked),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
