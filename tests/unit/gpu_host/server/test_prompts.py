"""What a host learns from the calls that it hears: kept over restarts, bounded, and told."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from include.errors import InvalidInput
from include.gpu.learned import LearnedPrompt, LearnedPrompts
from include.gpu_host.ivr.doubled import HeardCall
from include.gpu_host.ivr.hearings import heard_channel, write_hearing
from include.gpu_host.ivr.landmarks import peaks_of
from include.gpu_host.ivr.learned import read_library
from include.gpu_host.ivr.profiles import profile_of
from include.gpu_host.server.host import Host
from include.gpu_host.server.prompts import LearnedStore
from include.gpu_host.settings import Settings
from tests.unit.gpu_host.ivr.sounds import Sound, as_on_the_phone, melody, recording
from tests.unit.gpu_host.server.conftest import FakeStages, start_probe

LEARNED = "/v1/prompts/learned"
Restarted = Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]


def sound_of(seed: int, played: Sound) -> Sound:
    around = [melody(100 + seed, 3 + 0.37 * seed), melody(200 + seed, 3)]
    return as_on_the_phone(np.concatenate([around[0], played, around[1]]), seed)


def hear(store: LearnedStore, n: int, played: Sound, folder: Path, began_at: datetime | None = None) -> None:
    call = recording(sound_of(n, played))
    write_hearing(folder / "hearing.npz", [heard_channel(peaks_of(call, 0), profile_of(call, 0), [], [])])
    store.hear(HeardCall(f"call-{n}", began_at), folder / "hearing.npz")


def wav(folder: Path, n: int, played: Sound) -> bytes:
    path = folder / f"{n}.wav"
    soundfile.write(path, sound_of(n, played), 16_000)
    return path.read_bytes()


async def listed(client: httpx.AsyncClient) -> LearnedPrompts:
    return LearnedPrompts.model_validate((await client.get(LEARNED)).json())


@pytest.mark.long
async def test_a_host_learns_from_its_calls_and_names_those_to_hear_again(
    restarted: Restarted, tmp_path: Path
) -> None:
    music = melody(1, 8)
    async with restarted() as client:
        for n in range(3):
            await client.put(f"/v1/calls/c{n}/audio", content=wav(tmp_path, n, music))
            for stage in ("denoise", "ivr"):
                assert (await client.post(f"/v1/calls/c{n}/{stage}", json={})).status_code == 200
        told = await listed(client)
        assert told.calls_heard == 3 and told.hear_again == ["c0", "c1", "c2"]
        [prompt] = told.prompts
        assert (prompt.call_id, prompt.calls) == ("c1", 3)
        assert prompt.duration_s == pytest.approx(8, abs=0.5)
        again = await client.post("/v1/calls/c0/ivr", json={"options": {"heard_with": told.version}})
        assert again.status_code == 200
        assert (await listed(client)).hear_again == ["c1", "c2"]
        assert (await client.post("/v1/calls/c0/lid", json={})).status_code == 200
    async with restarted() as client:
        assert (await listed(client)).model_copy(update={"version": told.version}) == told.model_copy(
            update={"hear_again": ["c1", "c2"]}
        )


async def test_a_host_that_learns_nothing_says_so(
    settings: Settings, connect: Callable[..., httpx.AsyncClient], fakes: FakeStages
) -> None:
    host = Host(replace(settings, learn_prompts=False), fakes.worker, start_probe)
    async with connect(host) as client:
        assert (await client.get(LEARNED)).status_code == 404
    assert not (settings.data_dir / "learned").exists()


@pytest.mark.long
def test_candidates_are_found_again_after_a_restart(tmp_path: Path) -> None:
    music = melody(1, 8)
    before = LearnedStore(tmp_path / "learned", 3, 14)
    for n in (0, 1):
        hear(before, n, music, tmp_path)
    store = LearnedStore(tmp_path / "learned", 3, 14)
    for n in (2, 3):
        hear(store, n, music, tmp_path)
    assert len(store.listed().prompts) == len(read_library(store.library).pieces) == 1


@pytest.mark.long
async def test_two_calls_of_different_times_are_enough(restarted: Restarted, tmp_path: Path) -> None:
    music = melody(1, 8)
    async with restarted() as client:
        for n in range(2):
            await client.put(f"/v1/calls/c{n}/audio", content=wav(tmp_path, n, music))
            options = {"began_at": f"2026-11-30T1{n}:0{n}:05+00:00"}
            for stage in ("denoise", "ivr"):
                asked = await client.post(f"/v1/calls/c{n}/{stage}", json={"options": options})
                assert asked.status_code == 200
        [prompt] = (await listed(client)).prompts
        assert (prompt.calls, (await listed(client)).hear_again) == (2, ["c0", "c1"])


@pytest.mark.long
def test_when_calls_began_is_known_after_a_restart_and_not_of_an_older_host(tmp_path: Path) -> None:
    music, began_at = melody(1, 8), datetime(2026, 11, 30, 8, tzinfo=UTC)
    folder = tmp_path / "learned"
    hear(LearnedStore(folder, 3, 14), 0, music, tmp_path, began_at)
    store = LearnedStore(folder, 3, 14)
    hear(store, 1, music, tmp_path, began_at + timedelta(minutes=37))
    assert len(store.listed().prompts) == 1
    shutil.rmtree(folder)
    hear(LearnedStore(folder, 3, 14), 0, music, tmp_path, began_at)
    [path] = (folder / "heard").glob("*.npz")
    with np.load(path) as file:
        older = {name: file[name] for name in file.files if name != "began_at"}
    np.savez_compressed(path, **older)
    store = LearnedStore(folder, 3, 14)
    hear(store, 1, music, tmp_path, began_at + timedelta(minutes=37))
    assert store.calls_kept == 2 and store.listed().prompts == []


@pytest.mark.long
def test_the_same_call_again_says_nothing_new(tmp_path: Path) -> None:
    store = LearnedStore(tmp_path / "learned", 3, 14)
    for n in (0, 0, 1, 1, 0):
        hear(store, n, melody(1, 8), tmp_path)
    assert store.calls_heard == 2 and store.listed().prompts == []


@pytest.mark.long
def test_old_fingerprints_go_and_what_was_learned_stays(tmp_path: Path) -> None:
    store = LearnedStore(tmp_path / "learned", 3, days=2)
    for n in range(3):
        hear(store, n, melody(1, 8), tmp_path)
    heard = sorted((tmp_path / "learned" / "heard").glob("*.npz"))
    assert len(heard) == 3
    for path in heard[:2]:
        os.utime(path, (time.time() - 3 * 86400,) * 2)
    assert store.calls_kept == 3
    assert store.forget_old() == 2
    assert (store.calls_kept, store.calls_heard) == (1, 3), "with the two nothing is compared any more"
    assert len(list((tmp_path / "learned" / "heard").glob("*.npz"))) == 1
    assert len(LearnedStore(tmp_path / "learned", 3, 2).listed().prompts) == 1


@pytest.mark.long
def test_a_file_that_was_cut_by_a_power_failure_is_passed_over(tmp_path: Path) -> None:
    store = LearnedStore(tmp_path / "learned", 3, 14)
    for n in range(3):
        hear(store, n, melody(1, 8), tmp_path)
    for path in (tmp_path / "learned").rglob("*.npz"):
        path.write_bytes(path.read_bytes()[:40])
    (tmp_path / "learned" / "state.json").write_text('{"next":')
    again = LearnedStore(tmp_path / "learned", 3, 14)
    assert again.listed().prompts == []
    for n in range(3, 6):
        hear(again, n, melody(1, 8), tmp_path)
    assert len(again.listed().prompts) == 1


@pytest.mark.long
def test_no_sound_is_kept(tmp_path: Path) -> None:
    store = LearnedStore(tmp_path / "learned", 3, 14)
    for n in range(4):
        hear(store, n, melody(1, 8), tmp_path)
    (tmp_path / "hearing.npz").unlink()
    kept_bytes = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    # 16 kHz in 16 bits: 32 kB for each of 4 × 15 s.
    assert kept_bytes < 0.15 * 4 * 15 * 32_000
    for path in tmp_path.rglob("*.npz"):
        with np.load(path) as file:
            assert {name.rstrip("0123456789") for name in file.files} <= {
                "call_id",
                "began_at",
                "k",
                "about",
                "support",
                "hashes",
                "frames",
                "profile",
            }


@pytest.mark.parametrize("fingerprint", ["ä", "not base64", "AAAA=A"])
def test_a_fingerprint_that_is_no_base64_is_no_prompt(fingerprint: str) -> None:
    with pytest.raises(ValidationError, match="fingerprint"):
        _prompt(fingerprint)


def test_a_fingerprint_that_cannot_be_read_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="21a00520f97f8bfa"):
        LearnedStore(tmp_path, 3, 14.0).take(_prompt("AAAA"))


def _prompt(fingerprint: str) -> LearnedPrompt:
    now = datetime(2026, 11, 16, tzinfo=UTC)
    return LearnedPrompt(
        prompt_id="21a00520f97f8bfa",
        name="a",
        kind="hold_music",
        duration_s=3.0,
        calls=3,
        call_id="c",
        channel=0,
        start_ms=0,
        learned_at=now,
        heard_at=now,
        fingerprint=fingerprint,
    )
