"""Words and languages: the chain beside the bare model, over the same recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from include.gpu.wire import DenoiseResult, LidResult, SttResult
from tests.benchmarks.findings import Check, Section, Table, percent, points
from tests.benchmarks.speech import plots, wording
from tests.benchmarks.speech.bare import AT_ONCE, Heard
from tests.benchmarks.speech.bench import Bench, sampled, spread
from tests.benchmarks.speech.corpus import Clip
from tests.benchmarks.speech.hosts import Answered, Request, in_parallel
from tests.benchmarks.speech.scoring import (
    Counted,
    difference,
    errors_by_unit,
    plain_words_of,
    total,
    words_of,
)

# A recording of so few words is lost by a cough.
_FEW_WORDS = 5
_LARGE_PART = 0.5
_WORST_SHOWN = 6
_SHOWN_CHARS = 90
# What the same weights reached alone on earlier, larger sets (faster-whisper, int8, beam 5).
_KNOWN = (
    (
        "prompts-en",
        "4.7 %",
        "40 Asterisk prompts, 4.4 min, language detected",
        "same kind and speaker, other clips of it: comparable within some points",
    ),
    (
        "prompts-es",
        "18.8 % (9.6 % with accents folded and the language given)",
        "40 Asterisk prompts",
        "same kind, speaker and number: comparable, the second figure with *given*",
    ),
    (
        "speech en",
        "2.6 %",
        "12 clips at 16 kHz, language detected",
        "a part of the same clips: comparable, but a word is a larger share here",
    ),
    (
        "speech, other languages",
        "11.4 %",
        "8 languages, one clip each",
        "not comparable: three of the eight languages, one clip each",
    ),
)


@dataclass(frozen=True)
class Listened:
    """One recording, as the bare model and the chain heard it.

    Attributes:
        bare: With the language that it detected.
        given: With the right language.
        chain: None when the host failed.
    """

    clip: Clip
    bare: Heard
    given: Heard
    chain: Answered | None

    def text(self) -> str:
        """What the chain wrote."""
        if self.chain is None:
            return ""
        return " ".join(turn.text for turn in self.chain.of(SttResult).turns)

    def counted(self, text: str) -> Counted:
        """Errors of a text against the transcript."""
        language = self.clip.language
        return errors_by_unit([words_of(self.clip.transcript, language)], words_of(text, language))[0]

    def counted_plainly(self, text: str) -> Counted:
        """The same with case and punctuation off only."""
        return errors_by_unit([plain_words_of(self.clip.transcript)], plain_words_of(text))[0]


def listen(bench: Bench) -> list[Listened]:
    """Lets the chain and the bare model hear everything that there is."""
    size, corpus = bench.size, bench.corpus
    clips = [
        *sampled(corpus.clips, size.clips),
        *spread(corpus.silent, 2 if size.clips else len(corpus.silent)),
        *([] if size.clips else corpus.untranscribed),
        *sampled(corpus.calls, size.calls),
    ]
    with bench.hosts.running(prompts_dir=bench.known) as host:
        requests = [
            Request(f"clip-{n}", clip.path.read_bytes(), roles=clip.roles) for n, clip in enumerate(clips)
        ]
        answers = bench.answers(host, requests, "recordings through the chain")
    bare = in_parallel(
        clips,
        lambda c: bench.bare.transcribe(c.path),
        AT_ONCE,
        bench.progress("through the bare model", len(clips)),
    )
    return [
        Listened(clip, heard, _given(bench, clip, heard), answer)
        for clip, heard, answer in zip(clips, bare, answers, strict=True)
    ]


def words(listened: Sequence[Listened], pictures: Path) -> Section:
    """The chapter about words; its picture is written into a folder."""
    section = Section("Words: the chain beside the bare model")
    section.text += [wording.NORMALISER, wording.ALONE]
    rows, names, alone_rates, chain_rates = [], [], [], []
    for name, members in _by_set(listened).items():
        alone = [one.counted(one.bare.text) for one in members]
        given = total([one.counted(one.given.text) for one in members])
        chain = [one.counted(one.text()) for one in members]
        interval = difference(alone, chain)
        rows.append(
            [
                name,
                f"{len(members)}",
                f"{total(alone).words:,}",
                percent(total(alone).wer),
                percent(given.wer),
                percent(total(chain).wer),
                points(interval.low, interval.high),
            ]
        )
        section.checks.append(
            Check(
                f"{name}: the chain is not worse than the model alone",
                interval.low <= 0,
                f"{percent(total(chain).wer)} against {percent(total(alone).wer)}",
            )
        )
        names.append(name)
        alone_rates.append(total(alone).wer)
        chain_rates.append(total(chain).wer)
    if rows:
        columns = ["set", "recordings", "words", "alone", "alone, given", "chain", "chain − alone, 95 %"]
        section.tables.append(Table(columns, rows))
        plots.wer_by_set(pictures / "speech-wer.svg", names, alone_rates, chain_rates)
        section.pictures["Word error rate of each set, the model alone and the chain"] = "speech-wer.svg"
    worse = _worse(listened)
    section.tables += [_worst_table(worse), _invented(listened), _against_known(listened)]
    missed = [one.clip.name for one, more, n in worse if n >= _FEW_WORDS and more >= _LARGE_PART * n]
    section.checks.append(
        Check(
            "Words: on no recording the chain misses half of what the model alone heard",
            not missed,
            ", ".join(missed) or "none",
        )
    )
    return section


def languages(listened: Sequence[Listened]) -> Section:
    """The chapter about how often the language is right."""
    section = Section("Languages")
    spoken = [one for one in listened if one.clip.language]
    rows = []
    for language in sorted({str(one.clip.language) for one in spoken}):
        rows.append(_language_row(language, [one for one in spoken if one.clip.language == language]))
    rows.append(_language_row("all", spoken))
    section.tables.append(
        Table(
            ["language", "recordings", "alone: right", "chain: right", "chain: wrong", "chain: unknown"],
            rows,
            after=wording.LANGUAGES,
        )
    )
    bare = [Counted(1, int(one.bare.language != one.clip.language)) for one in spoken]
    chain = [Counted(1, int(_language(one) != one.clip.language)) for one in spoken]
    if spoken:
        interval = difference(bare, chain)
        section.checks.append(
            Check(
                "Languages: the chain is not wrong or unsure more often than the model alone is wrong",
                interval.low <= 0,
                f"{percent(1 - total(chain).wer)} right against {percent(1 - total(bare).wer)}",
            )
        )
    return section


def _given(bench: Bench, clip: Clip, heard: Heard) -> Heard:
    if not clip.transcript or clip.language in (None, heard.language):
        return heard
    return bench.bare.transcribe(clip.path, clip.language)


def _by_set(listened: Sequence[Listened]) -> dict[str, list[Listened]]:
    """Those with words in their transcript."""
    sets: dict[str, list[Listened]] = {}
    for one in listened:
        if words_of(one.clip.transcript, one.clip.language):
            sets.setdefault(one.clip.set_name, []).append(one)
    return sets


def _worse(listened: Sequence[Listened]) -> list[tuple[Listened, int, int]]:
    """Recordings on which the chain made more errors, with how many more, and of how many words."""
    worse = []
    for one in (one for members in _by_set(listened).values() for one in members):
        alone, chain = one.counted(one.bare.text), one.counted(one.text())
        if chain.errors > alone.errors:
            worse.append((one, chain.errors - alone.errors, alone.words))
    return sorted(worse, key=lambda w: -w[1])


def _worst_table(worse: Sequence[tuple[Listened, int, int]]) -> Table:
    rows = [
        [one.clip.name, f"{words}", f"+{more}", _cut(one.bare.text), _cut(one.text())]
        for one, more, words in worse[:_WORST_SHOWN]
    ]
    return Table(
        ["recording", "words", "errors", "alone heard", "the chain heard"],
        rows or [["none", "", "", "", ""]],
        before=wording.WORST,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"


def _invented(listened: Sequence[Listened]) -> Table:
    """Words where nobody speaks."""
    silent = [one for one in listened if one.clip.language is None]
    bare = sum(len(plain_words_of(one.bare.text)) for one in silent)
    chain = sum(len(plain_words_of(one.text())) for one in silent)
    named = sum(_language(one) is not None for one in silent)
    return Table(
        [
            "recordings without speech",
            "words invented alone",
            "words invented by the chain",
            "chain: a language named",
        ],
        [[str(len(silent)), str(bare), str(chain), str(named)]],
    )


def _against_known(listened: Sequence[Listened]) -> Table:
    sets = _by_set(listened)
    rows = []
    for name, figure, measured_on, comparable in _KNOWN:
        if name not in sets:
            continue
        plain = total([one.counted_plainly(one.bare.text) for one in sets[name]])
        chain = total([one.counted_plainly(one.text()) for one in sets[name]])
        given = total([one.counted_plainly(one.given.text) for one in sets[name]])
        rows.append(
            [
                f"{name}: {figure} ({measured_on})",
                percent(plain.wer),
                percent(given.wer),
                percent(chain.wer),
                comparable,
            ]
        )
    return Table(
        ["known before, the model alone", "alone", "alone, given", "chain", "comparable?"],
        rows,
        before=wording.KNOWN,
    )


def _language_row(name: str, members: Sequence[Listened]) -> list[str]:
    bare = sum(one.bare.language == one.clip.language for one in members)
    right = sum(_language(one) == one.clip.language for one in members)
    unknown = sum(_language(one) is None for one in members)
    n = len(members)
    return [
        name,
        str(n),
        f"{bare} ({percent(bare / n)})" if n else "–",
        f"{right} ({percent(right / n)})" if n else "–",
        str(n - right - unknown),
        str(unknown),
    ]


def _language(one: Listened) -> str | None:
    return one.chain.of(LidResult).language if one.chain else None


def gate_applied(listened: Sequence[Listened]) -> int:
    """Recordings whose recognition heard enhanced audio."""
    return sum(one.chain is not None and one.chain.of(DenoiseResult).applied for one in listened)
