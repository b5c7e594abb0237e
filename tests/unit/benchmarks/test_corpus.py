"""What the benchmark takes from a folder, and what it says when something is not there."""

from pathlib import Path

from tests.benchmarks.speech.bench import sampled, spread
from tests.benchmarks.speech.corpus import Clip, load_corpus

ROOT = Path(__file__).parents[3]
HEAD = "file,kind,language,duration_s,transcript\n"
ROWS = """speech/a.wav,speech,en,5,Good morning.
speech/b.wav,speech,es,5,Buenos días.
prompts-en/5.wav,ivr prompt,en,5,(5 seconds of silence)
calls/c.wav,one channel,en,245,
noise/n.wav,noise,,5,
hold-music/long.wav,hold music,,244,
speech/gone.wav,speech,en,5,Not here.
"""


def test_the_sample_calls_are_whole() -> None:
    corpus = load_corpus(ROOT, ROOT / "nowhere")
    assert len(corpus.calls) == len(list((ROOT / "include/demo/sample_calls/scripts").glob("*.yaml")))
    assert {clip.set_name for clip in corpus.calls if clip.transcript} >= {
        "sample calls en",
        "sample calls es",
    }
    assert corpus.audio is None and "nowhere/manifest.csv does not exist" in corpus.missing[-1]


def test_recordings_are_sorted_by_what_is_known_of_them(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(HEAD + ROWS)
    for row in ROWS.splitlines()[:-1]:
        path = tmp_path / row.split(",")[0]
        path.parent.mkdir(exist_ok=True)
        path.touch()
    corpus = load_corpus(ROOT, tmp_path)
    assert [(clip.name, clip.set_name) for clip in corpus.clips] == [
        ("speech/a.wav", "speech en"),
        ("speech/b.wav", "speech, other languages"),
    ]
    assert [clip.name for clip in corpus.silent] == ["prompts-en/5.wav", "noise/n.wav"]
    assert [clip.name for clip in corpus.untranscribed] == ["calls/c.wav"]
    assert corpus.missing == ["speech/gone.wav is in the manifest and not in the folder."]


def test_a_short_run_takes_some_of_each_set() -> None:
    clips = [Clip(f"{n}", Path(), "ab"[n % 2], "en", "x") for n in range(10)]
    assert [clip.name for clip in sampled(clips, 2)] == ["0", "4", "1", "5"]
    assert sampled(clips, None) == clips
    assert [clip.name for clip in spread(clips, 5)] == ["0", "2", "4", "6", "8"]
