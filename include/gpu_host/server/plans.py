"""What a request builds on, and whether it was answered before."""

import json
from dataclasses import dataclass
from hashlib import sha256

from include.calls.stage import GPU_STAGES, Stage
from include.card_data.results import CARD_DATA_RULES
from include.gpu.wire import AudioStored, DenoiseResult, StageOptions, StageResult
from include.gpu_host.server import problems
from include.gpu_host.server.store import MASKED_STAGES, CallStore, StoredResult
from include.gpu_host.stages.job import About

# Part of every key: raise it when a stage's code changes what it finds, and stored results are made again.
_REVISION = 5


@dataclass(frozen=True)
class Plan:
    """A request, checked.

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
    earlier: tuple[StoredResult, ...]
    result: StageResult | None

    @property
    def enhanced_key(self) -> str | None:
        """The key of the enhanced recording that recognition hears; None where it hears the original."""
        if self.stage not in (Stage.LID, Stage.STT):
            return None
        denoise = self.earlier[0]
        is_enhanced = isinstance(denoise.result, DenoiseResult) and denoise.result.applied
        return denoise.key if is_enhanced else None


class Plans:
    """Checks requests against what is stored. All methods read from disk: call them in a thread.

    Each stage's key covers the key of the stage before it, so new audio, another engine or another setting
    makes every later result stale at once.

    Args:
        store: Recordings and results.
        about: The engines behind the stages.
    """

    def __init__(self, store: CallStore, about: About) -> None:
        self._store = store
        self._about = about

    def plan(self, call_id: str, stage: Stage, options: StageOptions) -> Plan:
        """Checks a request before it takes a worker.

        Raises:
            Refusal: 404 without a recording, 409 without an earlier stage's result, 400 for wrong options.
        """
        audio = self._store.audio(call_id)
        if audio is None:
            raise problems.audio_missing(call_id)
        self._check_languages(stage, options)
        earlier = self._standing(audio, stage, GPU_STAGES[: GPU_STAGES.index(stage)])
        key = self._key(earlier[-1].key if earlier else audio.sha256, stage, options)
        return Plan(audio, stage, options, key, earlier, self._stored(call_id, stage, key))

    def made_since(self, plan: Plan) -> StageResult | None:
        """The result that was stored since the plan was made, for another request."""
        return self._stored(plan.audio.call_id, plan.stage, plan.key)

    def enhanced_key(self, audio: AudioStored) -> str:
        """The key of the copy of a recording that every channel is enhanced in, for people to listen to."""
        return self._key(audio.sha256, Stage.DENOISE, StageOptions(), "listen")

    def _check_languages(self, stage: Stage, options: StageOptions) -> None:
        unknown = sorted(set(options.languages) - self._about.languages) if stage is Stage.LID else []
        if unknown:
            raise problems.bad_request(
                f"options.languages: the engine does not know {', '.join(unknown)}: send ISO 639-1 codes."
            )

    def _standing(self, audio: AudioStored, wanted: Stage, needed: list[Stage]) -> tuple[StoredResult, ...]:
        """The stored results of the stages before, which must all hold still."""
        standing: list[StoredResult] = []
        before = audio.sha256
        for stage in needed:
            made = self._store.result(audio.call_id, stage)
            if made is None or not self._stored(audio.call_id, stage, self._key(before, stage, made.options)):
                raise problems.stages_missing(audio.call_id, wanted, needed[len(standing) :])
            standing.append(made)
            before = made.key
        return tuple(standing)

    def _stored(self, call_id: str, stage: Stage, key: str) -> StageResult | None:
        stored = self._store.result(call_id, stage)
        if stored is None or stored.key != key:
            return None
        enhanced = isinstance(stored.result, DenoiseResult) and stored.result.applied
        return stored.result if not enhanced or self._store.enhanced_path(call_id, key).is_file() else None

    def _key(self, before: str, stage: Stage, options: StageOptions, *also: str) -> str:
        read: dict[Stage, list[str] | None] = {
            Stage.IVR: [options.heard_with] if options.heard_with else None,
            Stage.LID: sorted(options.languages),
            Stage.STT: [*options.channel_roles, *sorted(options.languages)],
        }
        if stage is Stage.STT and self._about.hears_vocabulary and options.vocabulary:
            also = (*also, "vocabulary", *options.vocabulary)
        rules = [CARD_DATA_RULES] if stage in MASKED_STAGES else []
        engine = self._about.engines[stage].model_dump()
        parts = [
            _REVISION,
            before,
            stage,
            engine,
            self._about.tuning[stage],
            read.get(stage),
            *rules,
            *also,
        ]
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
