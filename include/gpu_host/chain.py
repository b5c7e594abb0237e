"""The four stages over one recording: what each one hears, and when a stored result still holds."""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from include.calls.stage import GPU_STAGES, Stage
from include.gpu.wire import (
    DenoiseResult,
    Engine,
    IvrResult,
    LidResult,
    SegmentKind,
    Span,
    StageOptions,
    StageResult,
    SttResult,
)
from include.gpu_host import problems, timeline, turns
from include.gpu_host.audio import Recording, Samples, decode, write_flac
from include.gpu_host.engines.denoise import DenoiseEngine
from include.gpu_host.engines.ivr import IvrEngine
from include.gpu_host.engines.lid import LidEngine
from include.gpu_host.engines.stt import SttEngine
from include.gpu_host.store import CallStore, StoredResult

_NOT_CONVERSATION = {SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC}


@dataclass(frozen=True)
class Engines:
    """One loaded engine per stage."""

    denoise: DenoiseEngine
    ivr: IvrEngine
    lid: LidEngine
    stt: SttEngine

    def described(self) -> dict[Stage, Engine]:
        """What results call them, by stage."""
        return {
            Stage.DENOISE: self.denoise.engine,
            Stage.IVR: self.ivr.engine,
            Stage.LID: self.lid.engine,
            Stage.STT: self.stt.engine,
        }


class Chain:
    """Runs stages. All methods block: call them in a thread.

    Args:
        store: Recordings and results.
        engines: Loaded engines.
        max_duration_s: Longest recording that is decoded.
    """

    def __init__(self, store: CallStore, engines: Engines, *, max_duration_s: float) -> None:
        self._store = store
        self._engines = engines
        self._max_duration_s = max_duration_s
        self._stages = {
            Stage.DENOISE: self._denoise,
            Stage.IVR: self._ivr,
            Stage.LID: self._lid,
            Stage.STT: self._stt,
        }

    def stored(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult | None:
        """The stored result that this request would make again.

        Raises:
            Refusal: 404 without a recording, 409 without an earlier stage's result.
        """
        kept = self._store.result(call_id, stage)
        key = self._key(call_id, stage, options)
        return kept.result if kept is not None and kept.key == key else None

    def run(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Returns the stored result, or makes and stores it.

        Raises:
            Refusal: 404 without a recording, 409 without an earlier stage's result, 400 for wrong options.
            RecordingUnusable: It cannot be decoded.
        """
        kept = self.stored(call_id, stage, options)
        if kept is not None:
            return kept
        key = self._key(call_id, stage, options)
        started_s = time.perf_counter()
        recording = self._heard(call_id, stage)
        made = self._stages[stage](call_id, recording, options)
        result = made.model_copy(update={"seconds": round(time.perf_counter() - started_s, 3)})
        self._store.save(call_id, stage, StoredResult(key=key, result=result))
        return result
