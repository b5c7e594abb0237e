"""Answers that are too likely to be wrong go to a person: by calibrated confidence, never by stated one."""

from dataclasses import dataclass

from include.judge.calibration import Calibration
from include.scorecards.assessment import Assessment, Standing

_SURE = (Standing.COUNTED, Standing.NOT_APPLICABLE)


@dataclass(frozen=True)
class ConfidenceFloor:
    """What an answer must reach to do without a person.

    Attributes:
        least: Share of right ones among answers of the same stated confidence, 0..1.
        calibration: Of the model that answers. While it rests on too few answers, nobody is sent for.
    """

    least: float
    calibration: Calibration

    def doubts(self, assessment: Assessment) -> dict[str, str]:
        """Why a person should look, by criterion; answers that wait for one anyway are left alone."""
        found = {}
        for answer in assessment.answers:
            if answer.confidence is None or answer.standing not in _SURE:
                continue
            calibrated = self.calibration.calibrated(answer.confidence)
            if calibrated is not None and calibrated < self.least:
                found[answer.criterion_id] = (
                    f"of answers as sure as this one (stated {answer.confidence:.2f}), "
                    f"{calibrated:.0%} are right, asked for: {self.least:.0%}"
                )
        return found
