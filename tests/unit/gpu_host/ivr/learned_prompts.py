"""A learned prompt to send around: a fingerprint of sounds made here."""

from base64 import b64encode
from datetime import UTC, datetime

import numpy as np

from include.gpu.learned import LearnedPrompt
from include.gpu.wire import SegmentKind
from include.gpu_host.ivr.landmarks import as_pcm, landmarks_of, peaks_of_piece, together
from include.gpu_host.ivr.learned import LearnedAudio, packed
from include.gpu_host.ivr.profiles import profile_of
from tests.unit.gpu_host.ivr.sounds import Sound, recording

WHEN = datetime(2026, 11, 1, tzinfo=UTC)


def learned_audio(sound: Sound, prompt_id: str = "0123456789abcdef", name: str = "menu") -> LearnedAudio:
    heard = recording(sound)
    marks = together(landmarks_of(peaks_of_piece(as_pcm(sound[::2]))))
    profile = profile_of(heard, 0)
    inside = marks.frames < len(profile)
    marks = type(marks)(marks.hashes[inside].astype(np.int32), marks.frames[inside].astype(np.int32))
    return LearnedAudio(prompt_id, name, SegmentKind.PROMPT, marks, profile)


def learned_prompt(sound: Sound, prompt_id: str = "0123456789abcdef", name: str = "menu") -> LearnedPrompt:
    audio = learned_audio(sound, prompt_id, name)
    return LearnedPrompt(
        prompt_id=prompt_id,
        name=name,
        kind=SegmentKind.PROMPT,
        duration_s=audio.duration_s,
        calls=3,
        call_id="call-1",
        channel=0,
        start_ms=1200,
        learned_at=WHEN,
        heard_at=WHEN,
        fingerprint=b64encode(packed(audio)).decode(),
    )
