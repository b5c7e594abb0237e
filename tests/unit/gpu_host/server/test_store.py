import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from include.calls.stage import Stage
from include.gpu.wire import AudioStored, Engine, IvrResult, StageOptions
from include.gpu_host.server.problems import Refusal
from include.gpu_host.server.store import CallStore, StoredResult

RESULT = IvrResult(
    call_id="c1",
    engine=Engine(name="e", version="1", device="cpu"),
    seconds=1,
    audio_s=2,
    segments=[],
    kept=[],
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(root: Path) -> CallStore:
    return CallStore(root)


@pytest.fixture
def upload(store: CallStore) -> Callable[..., tuple[AudioStored, bool]]:
    def publish(content: bytes, call_id: str = "c1") -> tuple[AudioStored, bool]:
        stored = AudioStored(call_id=call_id, size_bytes=len(content), sha256=sha256(content).hexdigest())
        with store.draft() as draft:
            draft.audio.write_bytes(content)
            return stored, store.publish(draft, stored)

    return publish


def stored_result(key: str = "k") -> StoredResult:
    return StoredResult(key=key, options=StageOptions(languages=["en"]), result=RESULT)


def test_what_is_stored_survives_a_restart(store: CallStore, root: Path, upload: Callable) -> None:
    audio, is_new = upload(b"one")
    store.save(audio, Stage.IVR, stored_result())
    (root / "incoming" / "left-by-a-crash").mkdir()
    restarted = CallStore(root)
    assert is_new and restarted.audio("c1") == audio
    assert restarted.result("c1", Stage.IVR) == stored_result()
    assert not list((root / "incoming").iterdir())


def test_the_same_content_keeps_the_results_and_other_content_drops_them(
    store: CallStore, upload: Callable
) -> None:
    audio, _ = upload(b"one")
    store.save(audio, Stage.IVR, stored_result())
    assert upload(b"one") == (audio, False)
    assert store.result("c1", Stage.IVR) is not None
    other, is_new = upload(b"two")
    assert is_new and store.audio("c1") == other
    assert store.result("c1", Stage.IVR) is None
    assert store.audio_path("c1").read_bytes() == b"two"


def test_a_result_of_replaced_audio_is_not_stored(store: CallStore, upload: Callable, root: Path) -> None:
    before, _ = upload(b"one")
    upload(b"two")
    with pytest.raises(Refusal) as refused:
        store.save(before, Stage.IVR, stored_result())
    assert refused.value.problem.status == 404
    assert store.result("c1", Stage.IVR) is None
    assert not list((root / "incoming").iterdir())


@pytest.mark.long
def test_readers_never_see_a_call_without_its_recording(store: CallStore, upload: Callable) -> None:
    upload(b"a" * 1000)
    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(upload, bytes([65 + n % 3]) * 1000) for n in range(300)]
        seen = [store.audio("c1") for _ in range(3000)]
    assert all(write.result() for write in writing)
    assert None not in seen
    last = store.audio("c1")
    assert last and sha256(store.audio_path("c1").read_bytes()).hexdigest() == last.sha256


def test_damaged_files_count_as_missing(store: CallStore, root: Path, upload: Callable) -> None:
    audio, _ = upload(b"one")
    store.save(audio, Stage.IVR, stored_result())
    (root / "calls/c1/ivr.json").write_text('{"key": "k", "resu')
    assert store.result("c1", Stage.IVR) is None
    store.audio_path("c1").write_bytes(b"")
    assert store.audio("c1") is None


def test_calls_go_after_their_retention_time(store: CallStore, root: Path, upload: Callable) -> None:
    for call_id in ("old", "new", "renewed"):
        upload(b"one", call_id)
    for call_id in ("old", "renewed"):
        os.utime(root / "calls" / call_id / "audio.json", (time.time() - 7200,) * 2)
    store.renew("renewed")
    assert store.remove_older_than(3600) == ["old"]
    assert sorted(folder.name for folder in (root / "calls").iterdir()) == ["new", "renewed"]


def test_an_enhanced_recording_takes_its_place_only_beside_what_it_was_made_from(
    store: CallStore, root: Path, upload: Callable
) -> None:
    before, _ = upload(b"one")
    with store.draft() as draft:
        draft.enhanced.write_bytes(b"clear")
        store.keep_enhanced(draft, before, "k")
    assert store.enhanced_path("c1", "k").read_bytes() == b"clear"
    upload(b"two")
    with store.draft() as draft, pytest.raises(Refusal):
        draft.enhanced.write_bytes(b"clear")
        store.keep_enhanced(draft, before, "k")
    assert not store.enhanced_path("c1", "k").exists()
    assert not list((root / "incoming").iterdir())


def test_recordings_are_for_this_user_only(store: CallStore, root: Path, upload: Callable) -> None:
    upload(b"one")
    for folder in (root, root / "calls", root / "calls/c1"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
