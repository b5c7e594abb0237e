"""The seven stages of an audit, in order."""

from enum import StrEnum


class Stage(StrEnum):
    """A step that every call passes; its value names it in the database, the UI and on the wire."""

    DISTRIBUTE = "distribute"
    DENOISE = "denoise"
    IVR = "ivr"
    LID = "lid"
    STT = "stt"
    LLM1 = "llm1"
    LLM2 = "llm2"

    @property
    def following(self) -> "list[Stage]":
        """This stage and all after it: what must be done again when this one is."""
        return STAGES[STAGES.index(self) :]

    @property
    def before(self) -> "list[Stage]":
        """The stages that must be done before this one."""
        return STAGES[: STAGES.index(self)]


STAGES: list[Stage] = list(Stage)
GPU_STAGES: list[Stage] = [Stage.DENOISE, Stage.IVR, Stage.LID, Stage.STT]
# Those that work on a GPU host.
ON_HOSTS: list[Stage] = [Stage.DISTRIBUTE, *GPU_STAGES]
LLM_STAGES: list[Stage] = [Stage.LLM1, Stage.LLM2]


def stage_of(reason: str) -> Stage | None:
    """The stage that a call's reason names as the one where it ended; None where it names none."""
    name, colon, _ = reason.partition(": ")
    return Stage(name) if colon and name in STAGES else None
