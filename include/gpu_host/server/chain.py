"""The four stages over one recording: what each one hears, and when a stored result still holds."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np

from include.calls.stage import GPU_STAGES, Stage
from include.gpu.wire import (
    AudioStored,
    DenoiseResult,
    Engine,
    IvrResult,
    LidResult,
    Segment,
    SegmentKind,
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

# Part of every key: raise it when a stage's code changes what it finds, and stored results are made again.
_REVISION = 1
_NOT_CONVERSATION = {SegmentKind.PROMPT, SegmentKind.HOLD_MUSIC}

_Result = TypeVar("_Result", bound=DenoiseResult | IvrResult | LidResult | SttResult)


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


@dataclass(frozen=True)
class Plan:
    """A request, checked: what it builds on, and whether it was answered before.

    Attributes:
        audio: The recording that it is about.
        key: Identity of everything that the result depends on; the same key is the same result.
        earlier: The results of the stages before, in order.
        result: The stored result under this key; None when it is still to be made.
    """

    audio: AudioStored
    stage: Stage
    options: StageOptions
    key: str
    earlier: list[StoredResult]
    result: StageResult | None

    def before(self, kind: type[_Result]) -> _Result:
        """The earlier stage's result of that kind."""
        return next(stored.result for stored in self.earlier if isinstance(stored.result, kind))


class Chain:
    """Runs stages. All methods block: call them in a thread.

    Each stage's key covers the key of the stage before it, so new audio, another engine or another setting
    makes every later result stale at once.

    Args:
        store: Recordings and results.
        engines: Loaded engines.
        tuning: Settings that change what a stage finds.
        max_duration_s: Longest recording that is decoded.
    """

    def __init__(
        self, store: CallStore, engines: Engines, tuning: Mapping[Stage, float], *, max_duration_s: float
    ) -> None:
        self._store = store
        self._engines = engines
        self._tuning = tuning
        self._max_duration_s = max_duration_s
        self._described = engines.described()
        self._stages = {
            Stage.DENOISE: self._denoise,
            Stage.IVR: self._ivr,
            Stage.LID: self._lid,
            Stage.STT: self._stt,
        }

    @property
    def described(self) -> dict[Stage, Engine]:
        """What results call the engines, by stage."""
        return self._described

    def plan(self, call_id: str, stage: Stage, options: StageOptions) -> Plan:
        """Checks a request before it takes a worker.

        Raises:
            Refusal: 404 without a recording, 409 without an earlier stage's result, 400 for wrong options.
        """
        audio = self._store.audio(call_id)
        if audio is None:
            raise problems.audio_missing(call_id)
        self._check_languages(stage, options)
        needed = GPU_STAGES[: GPU_STAGES.index(stage)]
        earlier = self._standing(audio, needed)
        if len(earlier) < len(needed):
            raise problems.stages_missing(call_id, stage, needed[len(earlier) :])
        key = self._key(earlier[-1].key if earlier else audio.sha256, stage, options)
        stored = self._stored(call_id, stage, key)
        return Plan(audio, stage, options, key, earlier, stored.result if stored else None)

    def run(self, call_id: str, stage: Stage, options: StageOptions) -> StageResult:
        """Returns the stored result, or makes and stores it.

        Raises:
            Refusal: As `plan`; 404 as well when the recording goes while it is worked on.
            RecordingUnusable: It cannot be decoded.
        """
        plan = self.plan(call_id, stage, options)
        if plan.result is not None:
            return plan.result
        started_s = time.perf_counter()
        try:
            made = self._stages[stage](plan, self._heard(plan))
        except FileNotFoundError as error:
            raise problems.audio_gone(call_id) from error
        result = made.model_copy(update={"seconds": round(time.perf_counter() - started_s, 3)})
        self._store.save(plan.audio, stage, StoredResult(key=plan.key, options=options, result=result))
        return result

    def _check_languages(self, stage: Stage, options: StageOptions) -> None:
        unknown = self._engines.lid.unknown(options.languages) if stage is Stage.LID else []
        if unknown:
            raise problems.bad_request(
                f"options.languages: the engine does not know {', '.join(unknown)}: send ISO 639-1 codes."
            )

    def _standing(self, audio: AudioStored, needed: list[Stage]) -> list[StoredResult]:
        """The stored results that still hold, up to the first that does not."""
        standing: list[StoredResult] = []
        before = audio.sha256
        for stage in needed:
            made = self._store.result(audio.call_id, stage)
            if made is None or not self._stored(audio.call_id, stage, self._key(before, stage, made.options)):
                break
            standing.append(made)
            before = made.key
        return standing

    def _stored(self, call_id: str, stage: Stage, key: str) -> StoredResult | None:
        stored = self._store.result(call_id, stage)
        if stored is None or stored.key != key:
            return None
        enhanced = isinstance(stored.result, DenoiseResult) and stored.result.applied
        return stored if not enhanced or self._store.enhanced_path(call_id, key).is_file() else None

    def _key(self, before: str, stage: Stage, options: StageOptions) -> str:
        read: dict[Stage, list[str]] = {
            Stage.LID: sorted(options.languages),
            Stage.STT: list(options.channel_roles),
        }
        engine = self._described[stage].model_dump()
        parts = [_REVISION, before, stage, engine, self._tuning.get(stage), read.get(stage)]
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _heard(self, plan: Plan) -> Recording:
        """Denoise and IVR hear the original, LID and STT the enhanced recording where there is one."""
        call_id = plan.audio.call_id
        path = self._store.audio_path(call_id)
        if plan.stage in (Stage.LID, Stage.STT) and plan.before(DenoiseResult).applied:
            path = self._store.enhanced_path(call_id, plan.earlier[0].key)
        return decode(path, self._max_duration_s)

    def _denoise(self, plan: Plan, recording: Recording) -> StageResult:
        enhancement = self._engines.denoise.enhance(recording)
        if enhancement.recording is not None:
            with self._store.enhanced_draft(plan.audio.call_id, plan.key) as path:
                write_flac(path, enhancement.recording)
        return DenoiseResult(
            **self._about(plan, recording),
            applied=enhancement.recording is not None,
            reason=enhancement.reason,
            snr_db=enhancement.snr_db,
        )

    def _ivr(self, plan: Plan, recording: Recording) -> StageResult:
        findings = self._engines.ivr.find(recording)
        return IvrResult(**self._about(plan, recording), segments=findings.segments, kept=findings.kept)

    def _lid(self, plan: Plan, recording: Recording) -> StageResult:
        channels = np.stack(_conversation(recording, plan.before(IvrResult)))
        mixed: Samples = channels.mean(axis=0, dtype=np.float32)
        heard = self._engines.lid.identify(mixed, plan.options.languages)
        return LidResult(
            **self._about(plan, recording),
            language=heard.language,
            confidence=heard.confidence,
            probabilities=heard.probabilities,
            speech_s=heard.speech_s,
        )

    def _stt(self, plan: Plan, recording: Recording) -> StageResult:
        ivr, lid = plan.before(IvrResult), plan.before(LidResult)
        # Unsure is not silent: the likeliest language is transcribed, and the result still says "unsure".
        likeliest = max(lid.probabilities, key=lambda code: lid.probabilities[code], default=None)
        channels = _conversation(recording, ivr) if likeliest and ivr.kept else []
        heard = [self._engines.stt.transcribe(channel, str(likeliest)) for channel in channels]
        placed = [turns.in_original_time(words, ivr.kept) for words in heard]
        spoken = turns.conversation(placed, plan.options.channel_roles)
        return SttResult(
            **self._about(plan, recording), language=lid.language if spoken else None, turns=spoken
        )

    def _about(self, plan: Plan, recording: Recording) -> dict[str, Any]:
        """What every result says; `seconds` is known when the stage has ended."""
        return {
            "call_id": plan.audio.call_id,
            "engine": self._described[plan.stage],
            "seconds": 0.0,
            "audio_s": round(recording.duration_s, 3),
        }


def _conversation(recording: Recording, ivr: IvrResult) -> list[Samples]:
    """Each channel's kept spans; a prompt that plays while another channel speaks is silenced on its own."""
    return [
        timeline.cut_out(timeline.silenced(samples, _known_on(channel, ivr)), ivr.kept)
        for channel, samples in enumerate(recording.samples)
    ]


def _known_on(channel: int, ivr: IvrResult) -> list[Segment]:
    return [s for s in ivr.segments if s.kind in _NOT_CONVERSATION and s.channel == channel]
