"""Composed calls: are prompts and hold music cut, and is speech kept?"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.calls.stage import Stage
from include.gpu.wire import IvrResult
from tests.benchmarks.findings import Check, Section, Table, percent
from tests.benchmarks.speech import wording
from tests.benchmarks.speech.bench import Bench
from tests.benchmarks.speech.composing import ComposedCall, compose
from tests.benchmarks.speech.hosts import Request, as_wav
from tests.benchmarks.speech.material import RATE_HZ, Material
from tests.benchmarks.speech.seconds import KINDS, Overlap, Removed, overlap, removed

LEAST_CUT, MOST_LOST = 0.95, 0.01
# What is said and noise levels of the calls whose cut is measured.
_CONDITIONS: dict[str, dict[str, Any]] = {
    "stereo": {"channels": 2},
    "mono": {"channels": 1},
    "stereo, A-law": {"channels": 2, "codec": "alaw"},
    "mono, mu-law": {"channels": 1, "codec": "mulaw"},
    "mono, GSM": {"channels": 1, "codec": "gsm"},
    "stereo, Opus": {"channels": 2, "codec": "opus"},
    "mono, MP3": {"channels": 1, "codec": "mp3"},
    "stereo, noise at 20 dB": {"channels": 2, "noise_snr_db": 20.0},
    "mono, noise at 10 dB": {"channels": 1, "noise_snr_db": 10.0},
    "mono, noise at 0 dB": {"channels": 1, "noise_snr_db": 0.0},
    "stereo, the other side talks over": {"channels": 2, "talk_over": "other side"},
    "mono, somebody talks over": {"channels": 1, "talk_over": "same side"},
}


@dataclass
class _Cut:
    """Sums over the calls of one condition."""

    removed: Removed = field(default_factory=Removed)
    kinds: dict[str, Overlap] = field(default_factory=lambda: {kind: Overlap() for kind in KINDS})

    def add(self, call: ComposedCall, ivr: IvrResult) -> None:
        self.removed += removed(call, ivr)
        for kind in KINDS:
            self.kinds[kind] += overlap(call, ivr, kind)


def library(material: Material, folder: Path) -> Path:
    """Every prompt and every piece of music of the material, as a host's library."""
    for kind, clips in (("prompts", material.prompts), ("hold-music", material.hold_music)):
        for clip in clips:
            target = folder / kind / clip.path.parent.name / clip.path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(clip.path, target)
    return folder


def chapter(bench: Bench, material: Material, known: Path) -> Section:
    """The chapter about what is cut."""
    calls = [
        (condition, compose(material, seed, **how))
        for n, (condition, how) in enumerate(_CONDITIONS.items())
        for seed in range(n, 60, len(_CONDITIONS))[: bench.size.composed]
    ]
    requests = [
        Request(f"cut-{n}", as_wav(call.samples, RATE_HZ), stages=(Stage.DENOISE, Stage.IVR))
        for n, (_, call) in enumerate(calls)
    ]
    # IVR hears the original: enhancing would only take time.
    with bench.hosts.running(prompts_dir=known, denoise_below_snr_db=-1000) as host:
        answers = bench.answers(host, requests, "composed calls cut")
    by_condition = {condition: _Cut() for condition in _CONDITIONS}
    for (condition, call), answer in zip(calls, answers, strict=True):
        if answer:
            by_condition[condition].add(call, answer.of(IvrResult))
    return _cut_chapter(by_condition, sum(call.duration_ms for _, call in calls) / 1000)


def _cut_chapter(by_condition: Mapping[str, _Cut], audio_s: float) -> Section:
    everything = _Cut()
    for cut in by_condition.values():
        everything.removed += cut.removed
        for kind in KINDS:
            everything.kinds[kind] += cut.kinds[kind]
    section = Section("IVR: what is cut, and what is lost")
    section.text.append(f"{wording.CUTS} {audio_s / 60:.0f} minutes.")
    rows = [_cut_row(name, cut) for name, cut in [*by_condition.items(), ("all", everything)]]
    columns = [
        "calls",
        "cut",
        "speech lost",
        *(f"{kind} {what}" for kind in KINDS for what in ("prec.", "recall")),
    ]
    section.tables.append(Table([c.replace("_", " ") for c in columns], rows))
    cut_share, lost_share = everything.removed.cut, everything.removed.lost
    section.checks += [
        Check(
            f"IVR: at least {percent(LEAST_CUT, 0)} of prompt and music seconds are cut",
            None if cut_share is None else cut_share >= LEAST_CUT,
            percent(cut_share, 2),
        ),
        Check(
            f"IVR: at most {percent(MOST_LOST, 0)} of speech seconds are lost",
            None if lost_share is None else lost_share <= MOST_LOST,
            percent(lost_share, 2),
        ),
    ]
    return section


def _cut_row(name: str, cut: _Cut) -> list[str]:
    kinds = [share for kind in KINDS for share in (cut.kinds[kind].precision, cut.kinds[kind].recall)]
    return [
        name,
        percent(cut.removed.cut),
        percent(cut.removed.lost, 2),
        *(percent(share) for share in kinds),
    ]
