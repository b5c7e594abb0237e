"""`cofi plan`: what it advises, and how it says so."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from include.capacity.advice import advise
from include.capacity.site import Day, ServiceTimes, Site
from include.command_line.main import main

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
DAY = Day(10_000)
SITE = Site((1.0,) * 20)


def test_parallelism_that_is_needed_is_that_of_airflow_cfg():
    assert SITE.tasks_needed == 20 * (1 + 2) + 100 // 10
    assert replace(SITE, parallelism=32).tasks_at_once == 32
    assert SITE.tasks_at_once == SITE.tasks_needed


def test_a_better_shard_size_is_found():
    advice = advise(DAY, ServiceTimes(), replace(SITE, shard_audio_s=100_000))
    assert advice.best_shard_audio_s < 20_000
    assert advice.at_best.makespan_s < 0.9 * advice.expected.makespan_s
    kept = advise(DAY, ServiceTimes(), replace(SITE, shard_audio_s=advice.best_shard_audio_s))
    assert kept.best_shard_audio_s == advice.best_shard_audio_s


def test_what_more_brings_depends_on_the_bottleneck():
    saved_s = {}
    for slots in (100, 20):
        advice = advise(DAY, ServiceTimes(), replace(SITE, llm_slots=slots))
        for change in advice.changes:
            saved_s[slots, change.what] = advice.expected.makespan_s - change.expected.makespan_s
    assert saved_s[100, "one more host"] > 100 > saved_s[100, "50 more LLM slots"]
    assert saved_s[20, "50 more LLM slots"] > 4000
    assert saved_s[20, "one more host"] < 300


def test_parallelism_is_advised_where_it_is_too_low():
    low = advise(DAY, ServiceTimes(), replace(SITE, parallelism=24))
    (change,) = (change for change in low.changes if change.what == "parallelism 70")
    assert change.expected.makespan_s < 0.9 * low.expected.makespan_s
    enough = advise(DAY, ServiceTimes(), replace(SITE, parallelism=70))
    assert [change.what for change in enough.changes] == ["one more host", "50 more LLM slots"]


def test_the_command_says_it_all(capsys: pytest.CaptureFixture[str]):
    assert (
        main(["plan", "--files", "10000", "--hosts", "20", "--parallelism", "32", "--speeds", "1,0.5"]) == 0
    )
    told = capsys.readouterr().out
    assert "10,000 calls of 180 s, 20 hosts as fast as 10.5, 100 LLM slots" in told
    # 80,000 s of work on 10.5 GPUs are 7,619 s.
    assert re.search(r"bound +7,6\d\d s \(2 h 7 min\): GPUs; expected is 1\.[1-5]\d\d x that", told)
    assert re.search(r"GPUs +7,6\d\d s +[6-9]\d %", told)
    assert re.search(r"LLM requests +1,500 s", told)
    assert "at least 70, max_active_tasks of the DAG too; 32 are too few" in told
    assert re.search(r"one more host +\S+ s, .*; bound 7,2\d\d s: GPUs", told)
    assert re.search(r"50 more LLM slots +\S+ s, no gain; bound 7,6\d\d s: GPUs", told)
    assert re.search(r"parallelism 70 +7,[6-9]\d\d s, [\d,]+ s less; bound 7,6\d\d s: GPUs", told)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--slots", "5"], 1, "llm_slots = 5: one task holds 10, so enter more."),
        (["--audio-s", "0"], 2, "'--audio-s': '0': enter a number above 0"),
        (["--speeds", "1;2"], 1, "--speeds is 1;2: enter numbers above 0 with commas between"),
        (["--rtf", "0,0,-1,0"], 1, "--rtf is 0,0,-1,0: enter numbers of 0 or more with commas between"),
        (
            ["--stage-s", "1,2"],
            1,
            "2 figures for the GPU stages: enter one, or four (denoise, ivr, lid, stt).",
        ),
    ],
)
def test_a_wrong_figure_is_refused(arguments, code, message, capsys: pytest.CaptureFixture[str]):
    assert main(["plan", *arguments]) == code
    assert message in capsys.readouterr().err


def test_make_passes_what_is_set_on_to_the_command():
    figures = ["FILES=9", "HOSTS=3", "STAGE_S=1,2,3,4", "LLM1_S=7", "SHARD_AUDIO_S=600"]
    # `make test` may be what runs this: its flags and its talk are not meant for this make.
    made = subprocess.run(
        ["make", "-n", "--no-print-directory", "plan", *figures],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    command = made.stdout.partition("cofi plan")[2].replace("\\", " ").split()
    wanted = ["--files=9", "--hosts=3", "--llm1-s=7", "--shard-audio-s=600", "--stage-s=1,2,3,4"]
    assert sorted(command) == wanted


def test_make_knows_every_option(capsys: pytest.CaptureFixture[str]):
    assert main(["plan", "--help"]) == 0
    options = set(re.findall(r"--([a-z0-9-]+)", capsys.readouterr().out)) - {"help", "json"}
    named = re.search(r"^PLAN := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {name.lower().replace("_", "-") for name in named[1].replace("\\", " ").split()} == options
