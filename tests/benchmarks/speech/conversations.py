"""Composed calls with known words: are they heard better, and are their times right?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from include.calls.transcript import Turn, Word
from include.gpu.wire import LidResult, SttResult
from tests.benchmarks.findings import Check, Section, Table, percent, points
from tests.benchmarks.speech import wording
from tests.benchmarks.speech.bare import AT_ONCE, Heard
from tests.benchmarks.speech.bench import Bench
from tests.benchmarks.speech.hosts import Answered, Request, as_wav, in_parallel
from tests.benchmarks.speech.material import RATE_HZ, Material
from tests.benchmarks.speech.scoring import Counted, difference, errors_by_unit, same_words, total, words_of
from tests.benchmarks.speech.spoken import Piece, SpokenCall, spoken_call

MOST_OFF_MS = 150
_CONDITIONS: dict[str, dict[str, Any]] = {
    "stereo": {"channels": 2},
    "mono, A-law, noise at 10 dB": {"channels": 1, "codec": "alaw", "noise_snr_db": 10.0},
    "mono": {"channels": 1},
    "mono, GSM": {"channels": 1, "codec": "gsm"},
    "stereo, mu-law, noise at 20 dB": {"channels": 2, "codec": "mulaw", "noise_snr_db": 20.0},
    "stereo, Opus, noise at 5 dB": {"channels": 2, "codec": "opus", "noise_snr_db": 5.0},
    "mono, noise at 0 dB": {"channels": 1, "noise_snr_db": 0.0},
}
_CLEAN = ("stereo", "mono")
# A word that begins this much before or after its clip still belongs to it.
_SLACK_MS = 300


@dataclass(frozen=True)
class _Spoken:
    """A call with known words, as it was heard."""

    condition: str
    call: SpokenCall
    bare: Heard
    chain: Answered


def chapters(bench: Bench, material: Material, known: Path) -> list[Section]:
    """The chapters about words and their times in composed calls."""
    transcripts = material.transcripts()
    english = {clip.name for clip in bench.corpus.clips if clip.set_name == "speech en"}
    clips = [clip for clip in material.speech if clip.name in english]
    if not clips:
        return []
    calls = [
        (condition, spoken_call(material, clips, n, **how))
        for n, (condition, how) in enumerate(list(_CONDITIONS.items())[: bench.size.spoken_calls])
    ]
    requests = [Request(f"spoken-{n}", as_wav(call.samples, RATE_HZ)) for n, (_, call) in enumerate(calls)]
    alone = [Request(f"alone-{n}", as_wav(clip.samples[None], RATE_HZ)) for n, clip in enumerate(clips)]
    with bench.hosts.running(prompts_dir=known) as host:
        answers = bench.answers(host, [*requests, *alone], "composed calls with known words")
    paths = [_written(bench.scratch / f"{request.call_id}.wav", request.body) for request in requests]
    bare = in_parallel(
        paths,
        bench.bare.transcribe,
        AT_ONCE,
        bench.progress("composed calls through the bare model", len(paths)),
    )
    spoken = [
        _Spoken(condition, call, heard, answer)
        for (condition, call), heard, answer in zip(calls, bare, answers, strict=False)
        if answer
    ]
    words_alone = {
        clip.name: _words(answer)
        for clip, answer in zip(clips, answers[len(requests) :], strict=True)
        if answer
    }
    return [_words_chapter(spoken, transcripts), _times_chapter(spoken, words_alone)]


def _words_chapter(spoken: Sequence[_Spoken], transcripts: Mapping[str, str]) -> Section:
    section = Section("Composed calls: words")
    section.text.append(wording.COMPOSED_WORDS)
    rows, alone_all, chain_all = [], [], []
    for condition in dict.fromkeys(one.condition for one in spoken):
        members = [one for one in spoken if one.condition == condition]
        alone = [_conversation_errors(one, one.bare.text, transcripts) for one in members]
        chain = [_conversation_errors(one, _text(one.chain), transcripts) for one in members]
        on_clips = total([_errors_on_clips(one, transcripts) for one in members])
        right = sum(one.chain.of(LidResult).language == "en" for one in members)
        rows.append(
            [
                condition,
                f"{total(alone).words}",
                percent(total(alone).wer),
                percent(on_clips.wer),
                percent(total(chain).wer),
                f"{sum(one.bare.language == 'en' for one in members)} of {len(members)}",
                f"{right} of {len(members)}",
            ]
        )
        alone_all += alone
        chain_all += chain
    columns = [
        "calls",
        "words",
        "alone",
        "alone, on the clips",
        "chain",
        "language right alone",
        "by the chain",
    ]
    section.tables.append(Table(columns, rows))
    if spoken:
        interval = difference(alone_all, chain_all)
        section.checks.append(
            Check(
                "Composed calls: the chain is better than the model alone",
                interval.high < 0,
                f"{percent(total(chain_all).wer)} against {percent(total(alone_all).wer)} "
                f"(difference {points(interval.low, interval.high)} points)",
            )
        )
    return section


def _times_chapter(spoken: Sequence[_Spoken], alone: Mapping[str, Sequence[Word]]) -> Section:
    section = Section("Composed calls: times of words")
    section.text.append(wording.TIMES)
    rows = []
    clean: list[float] = []
    for condition in dict.fromkeys(one.condition for one in spoken):
        members = [one for one in spoken if one.condition == condition]
        found_ms = [off for one in members for off in _all_off_ms(one, alone)]
        rows.append([condition, *_spread_of(found_ms)])
        clean += found_ms if condition in _CLEAN else []
    section.tables.append(Table(["calls", "times", "median, ms", "p95, ms", "largest, ms"], rows))
    p95_ms = float(np.percentile(clean, 95)) if clean else None
    section.checks.append(
        Check(
            f"Times: 95 % of word times are within {MOST_OFF_MS} ms after prompts and music (no noise)",
            None if p95_ms is None else p95_ms <= MOST_OFF_MS,
            "–" if p95_ms is None else f"{p95_ms:.0f} ms",
        )
    )
    return section


def _spread_of(off_ms: Sequence[float]) -> list[str]:
    if not off_ms:
        return ["0", "–", "–", "–"]
    figures = (np.median(off_ms), np.percentile(off_ms, 95), np.max(off_ms))
    return [f"{len(off_ms)}", *(f"{float(figure):.0f}" for figure in figures)]


def _all_off_ms(one: _Spoken, alone: Mapping[str, Sequence[Word]]) -> list[float]:
    turns = one.chain.of(SttResult).turns
    spoken = [piece for piece in one.call.pieces if piece.spoken]
    return [off for piece in spoken for off in off_ms(turns, piece, alone.get(piece.name, []))]


def off_ms(turns: Sequence[Turn], piece: Piece, alone: Sequence[Word]) -> list[float]:
    """How far the starts and ends of a clip's words in a call are from where they should be.

    Args:
        turns: Of the call.
        piece: Where the clip lies in it.
        alone: Words of the clip heard alone.
    """
    within = [
        word
        for turn in turns
        if turn.channel == piece.channel
        for word in turn.words
        if piece.start_ms - _SLACK_MS <= word.start_ms < piece.end_ms + _SLACK_MS
    ]
    pairs = same_words([_token(word) for word in alone], [_token(word) for word in within]) if alone else []
    return [
        abs(heard - (expected + piece.start_ms))
        for a, b in pairs
        for expected, heard in ((alone[a].start_ms, within[b].start_ms), (alone[a].end_ms, within[b].end_ms))
    ]


def _conversation_errors(one: _Spoken, text: str, transcripts: Mapping[str, str]) -> Counted:
    spoken = [words_of(transcripts[piece.name], "en") for piece in one.call.pieces if piece.spoken]
    return total(errors_by_unit(spoken, words_of(text, "en")))


def _errors_on_clips(one: _Spoken, transcripts: Mapping[str, str]) -> Counted:
    pieces = [words_of(transcripts[piece.name], "en") for piece in one.call.pieces]
    counted = errors_by_unit(pieces, words_of(one.bare.text, "en"))
    return total([count for count, piece in zip(counted, one.call.pieces, strict=True) if piece.spoken])


def _text(answer: Answered) -> str:
    return " ".join(turn.text for turn in answer.of(SttResult).turns)


def _words(answer: Answered) -> list[Word]:
    return [word for turn in answer.of(SttResult).turns for word in turn.words]


def _token(word: Word) -> str:
    return "".join(letter for letter in word.text.lower() if letter.isalnum()) or "-"


def _written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path
