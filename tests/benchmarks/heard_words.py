"""What recognition makes of the held-out calls: words, missing, invented, whose they are, and the cost."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from include.calls.call import ChannelRole
from include.calls.transcript import Turn, Word
from include.gpu.wire import IvrResult, StageOptions, SttResult
from include.gpu_host.audio.decoding import decode
from include.gpu_host.audio.recording import SAMPLE_RATE_HZ, Recording
from include.gpu_host.settings import Settings
from include.gpu_host.stages.job import Head
from include.gpu_host.stages.loaded import LoadedStages, loaded_stages
from tests.benchmarks.findings import Check, Table, percent
from tests.benchmarks.held_out import LANGUAGES, HeldOutCall, Said
from tests.benchmarks.speech.material import RATE_HZ, resampled
from tests.benchmarks.speech.scoring import Counted, errors_by_unit, total, words_of

STEREO = ("empty", "given", "heard again")
# Before anything is learned, and when all is.
_INVENTED_IN = ("empty", "heard again")
_NEAR_MS = 400
# "Premere 2" and "premere due" are the same to a listener; `words_of` knows it of English and Spanish.
_DIGITS = {
    "fr": "zero un deux trois quatre cinq six sept huit neuf dix",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci",
}


@dataclass
class Words:
    """Counts over calls.

    Attributes:
        counted: Words and word errors of each call, by its name.
        sentences: What people said.
        missing: Of that, without a word and without a mark.
        marked: Without a word, and marked as not understood.
        true: Words that were heard where somebody speaks, and how many of them are flagged.
        invented: Words that were heard where nobody does and no prompt plays, with where; and if flagged.
        of_prompts: Words of prompts that were left in.
        told: Calls whose language identification told, and those it told right.
        lid_cpu_s: What that took of `cpu_s`.
    """

    counted: dict[str, Counted] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    sentences: int = 0
    missing: int = 0
    marked: int = 0
    true: list[int] = field(default_factory=lambda: [0, 0])
    invented: list[tuple[str, bool]] = field(default_factory=list)
    of_prompts: int = 0
    told: list[int] = field(default_factory=lambda: [0, 0])
    lid_cpu_s: float = 0.0
    cpu_s: float = 0.0
    audio_s: float = 0.0

    def add(self, call: HeldOutCall, stt: SttResult) -> None:
        """Compares a transcript with what was said."""
        text = " ".join(turn.text for turn in stt.turns)
        reference = [_words(one.text, call.language) for one in call.said]
        self.counted[call.name] = total(errors_by_unit(reference, _words(text, call.language)))
        self.languages[call.name] = call.language
        for one in call.said:
            self.sentences += 1
            if not any(_within(word, one) for turn in _on(stt.turns, one.channel) for word in turn.words):
                gap = any(
                    g.channel == one.channel and g.start_ms < one.end_ms and one.start_ms < g.end_ms
                    for g in stt.gaps
                )
                self.marked += gap
                self.missing += not gap
        for turn in stt.turns:
            for word in turn.words:
                if any(one.channel == turn.channel and _within(word, one) for one in call.said):
                    self.true = [self.true[0] + 1, self.true[1] + bool(turn.flags)]
                elif any(p.start_ms - _NEAR_MS <= _middle(word) <= p.end_ms + _NEAR_MS for p in call.prompts):
                    self.of_prompts += 1
                else:
                    where = f"{word.text.strip()} ({call.name}, {word.start_ms / 1000:.1f} s)"
                    self.invented.append((where, bool(turn.flags)))

    def wer(self, language: str | None = None, without: Collection[str] = ()) -> float:
        """Errors per word, of one language or all, without some calls."""
        chosen = (name for name, spoken in self.languages.items() if language in (None, spoken))
        return total([self.counted[name] for name in chosen if name not in without]).wer


@dataclass
class Heard:
    """All that was recognised.

    Attributes:
        words: By library, in stereo.
        told: Words of mono calls: all, with the right voice, and of no voice.
        rare: Names of calls in which a prompt plays that plays in too few to be learned.
        ivr_rtf: CPU seconds of the IVR stage for a second of recording.
    """

    words: dict[str, Words]
    told: list[int]
    rare: Collection[str] = ()
    calls: int = 0
    ivr_rtf: float = 0.0

    def checks(self) -> list[Check]:
        """What must hold."""
        given, learned = self.words["given"], self.words["heard again"]
        ratio = learned.wer() / given.wer() if given.wer() else None
        rtf = learned.cpu_s / learned.audio_s + self.ivr_rtf
        lid = learned.lid_cpu_s / learned.audio_s
        right = self._right
        flagged = learned.true[1] / max(1, learned.true[0])
        invented = [is_flagged for name in _INVENTED_IN for _, is_flagged in self.words[name].invented]
        return [
            Check(
                "WER, learned, at most 1.2 times that with the library given",
                None if ratio is None else ratio <= 1.2,
                f"{percent(learned.wer())} against {percent(given.wer())}",
            ),
            Check(
                "sentences missing without a mark",
                learned.missing == 0,
                f"{learned.missing} of {learned.sentences}",
            ),
            Check(
                "invented words that are flagged",
                sum(invented) >= 0.5 * len(invented) if invented else None,
                f"{sum(invented)} of {len(invented)}",
            ),
            Check("true words that are flagged", flagged <= 0.005, percent(flagged, 2)),
            Check("mono: words with the right voice", right >= 0.9, percent(right)),
            Check("CPU seconds of LID per second, stereo", lid <= 0.015, f"{lid:.4f}"),
            Check("CPU seconds per second of the whole chain, stereo", rtf <= 0.2, f"{rtf:.3f}"),
        ]

    @property
    def _without_rare(self) -> str:
        """The error rates of calls in which all prompts were learned, as a sentence."""
        left = [name for name in self.words["given"].counted if name not in self.rare]
        if not left:
            return ""
        learned, given = (self.words[name].wer(without=self.rare) for name in ("heard again", "given"))
        return (
            f"Of the {len(left)} calls without a prompt that plays in too few to be learned: "
            f"{percent(learned)} against {percent(given)}."
        )

    @property
    def _invented(self) -> str:
        """Every invented word that no flag tells of, as a sentence."""
        invented = [(name, *one) for name in _INVENTED_IN for one in self.words[name].invented]
        bare = [f"{where}, {name}" for name, where, is_flagged in invented if not is_flagged]
        return f"Invented and not flagged: {'; '.join(bare) or 'none'}."

    @property
    def _right(self) -> float:
        return self.told[1] / max(1, self.told[0])

    def tables(self) -> list[Table]:
        """Everything behind the lines."""
        spoken = [code for code in LANGUAGES if code in self.words["given"].languages.values()]
        wer = Table(
            ["library", "WER", *spoken, "words of prompts heard", "missing", "marked", "invented", "flagged"],
            [
                [
                    name,
                    percent(one.wer()),
                    *(percent(one.wer(code)) for code in spoken),
                    str(one.of_prompts),
                    str(one.missing),
                    str(one.marked),
                    str(len(one.invented)),
                    str(sum(is_flagged for _, is_flagged in one.invented)),
                ]
                for name, one in self.words.items()
            ],
            before=f"## Words of {self.calls} calls",
            after="References are the package's own texts, with their slips; most sentences are fragments of "
            "menus, which a recogniser hears less well than talk: the two rows are to be compared, not taken "
            "for the product's error rate. *Heard again*: recognition begins when a shard's IVR stage has "
            f"heard its calls again (`[cofi] gpu_hear_again`). {self._without_rare}\n\n{self._invented}",
        )
        languages = Table(
            ["library", "calls", "language told", "right", "CPU-s of LID per s"],
            [
                [name, str(self.calls), *map(str, one.told), f"{one.lid_cpu_s / one.audio_s:.4f}"]
                for name, one in self.words.items()
            ],
            before="## Languages",
        )
        voices = Table(
            ["mono", "words", "right voice", "of no voice"],
            [["the same calls", str(self.told[0]), percent(self._right), str(self.told[2])]],
            before="## Whose words, when both are on one channel",
            after="Two voices of one reader, made by playing speed: harder than two people. Roles are not "
            "told here: what is said is no conversation.",
        )
        return [wer, languages, voices]


def of(
    calls: Sequence[HeldOutCall],
    found: Mapping[str, Sequence[IvrResult]],
    scratch: Path,
    count: int,
    weights: Path,
) -> Iterator[Heard]:
    """Recognises the last calls, and tells after each what all so far came to."""
    if not count:
        return
    stages = loaded_stages(Settings(token="bench", learn_prompts=False, weights_dir=weights), "cpu")
    chosen = range(len(calls) - count, len(calls))
    heard = Heard({name: Words() for name in STEREO}, [0, 0, 0])
    for n in chosen:
        for name in STEREO:
            words, began_s = heard.words[name], time.process_time()
            lid, lid_s, stt = _chain(stages, _recording(calls[n], mono=False), found[name][n], scratch)
            words.cpu_s += time.process_time() - began_s
            words.lid_cpu_s += lid_s
            words.audio_s += stt.audio_s
            words.told = [words.told[0] + bool(lid), words.told[1] + (lid == calls[n].language)]
            words.add(calls[n], stt)
        *_, mono = _chain(stages, _recording(calls[n], mono=True), found["mono"][n - chosen[0]], scratch)
        heard.told = [a + b for a, b in zip(heard.told, _told(calls[n], mono), strict=True)]
        heard.calls += 1
        print(f"{calls[n].name}: {heard.calls} of {count} are recognised", flush=True)
        yield heard


def _chain(
    stages: LoadedStages, recording: Recording, ivr: IvrResult, scratch: Path
) -> tuple[str | None, float, SttResult]:
    """Denoise, LID and STT, after the IVR stage: the language, what it took in CPU s, and the words."""

    def head(stage: object) -> Head:
        return Head(call_id="x", engine=ivr.engine, seconds=0.0, audio_s=recording.duration_s)

    draft = scratch / "enhanced.flac"
    if stages.denoising.run(head("denoise"), recording, draft).applied:
        recording = decode(draft, scratch, recording.duration_s + 1)
    began_s = time.process_time()
    lid = stages.languages.run(head("lid"), recording, ivr, list(LANGUAGES))
    lid_s = time.process_time() - began_s
    roles = [ChannelRole.AGENT, ChannelRole.CUSTOMER] if len(recording.channels) == 2 else []
    options = StageOptions(channel_roles=roles, languages=list(LANGUAGES))
    return lid.language, lid_s, stages.recognition.run(head("stt"), recording, ivr, lid, options)


def _recording(call: HeldOutCall, *, mono: bool) -> Recording:
    sides = call.samples.mean(axis=0, keepdims=True) if mono else call.samples
    return Recording.of(np.stack([resampled(side, RATE_HZ, SAMPLE_RATE_HZ) for side in sides]))


def _words(text: str, language: str) -> list[str]:
    """Normalised; numbers up to ten are digits, one by one, as `words_of` writes them."""
    numbers = {word: list(str(n)) for n, word in enumerate(_DIGITS.get(language, "").split())}
    return [token for word in words_of(text, language) for token in numbers.get(word, [word])]


def _told(call: HeldOutCall, stt: SttResult) -> tuple[int, int, int]:
    """Words of a mono call, those with the right voice, and those of no voice."""
    told = [
        (turn.voice, one.channel)
        for turn in stt.turns
        for word in turn.words
        for one in call.said
        if one.start_ms <= _middle(word) <= one.end_ms
    ]
    right = max(sum(voice == (channel ^ swap) + 1 for voice, channel in told) for swap in (0, 1))
    return len(told), right, sum(voice is None for voice, _ in told)


def _on(turns: Sequence[Turn], channel: int) -> Iterator[Turn]:
    return (turn for turn in turns if turn.channel == channel)


def _within(word: Word, said: Said) -> bool:
    return said.start_ms - _NEAR_MS <= _middle(word) <= said.end_ms + _NEAR_MS


def _middle(word: Word) -> float:
    return (word.start_ms + word.end_ms) / 2
