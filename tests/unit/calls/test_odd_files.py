"""Whatever lies in a day's folder is audited whole, as the GPU host hears it, or says what it is."""

import re
from pathlib import Path

import pytest

from include.calls.call import CallState
from include.errors import RecordingUnusable
from include.gpu_host.audio.decoding import decode, probe
from tests.unit.calls.odd_files import AUDITED, QUARANTINED, SECONDS, SKIPPED
from tests.unit.calls.site import Site
from tests.unit.gpu_host.audio.recordings import TONE_HZ, loudest_hz

# Nobody here writes G.729: its frames are made of chance, and decode to noise.
WITHOUT_ENCODER = {"pbx g729.wav"}
# Encoders pad their first and last frame, and bit rates are guessed from the first ones.
TOLERANCE_S = 0.35


@pytest.mark.parametrize("name", AUDITED)
@pytest.mark.long
def test_what_the_host_decodes_is_a_recording_of_the_same_length(
    memory_site: Site, tmp_path: Path, name: str
) -> None:
    content = AUDITED[name]()
    memory_site.put(name, content)
    (tmp_path / "audio").write_bytes(content)

    call = memory_site.find()[name]
    probe(tmp_path / "audio", 60)
    heard = decode(tmp_path / "audio", tmp_path, 60)

    assert (call.state, call.state_reason) == (CallState.PENDING, None)
    assert call.duration_s == pytest.approx(SECONDS, abs=TOLERANCE_S)
    assert heard.duration_s == pytest.approx(SECONDS, abs=TOLERANCE_S)
    assert call.channels == len(heard.channels) == 1
    if name not in WITHOUT_ENCODER:
        assert loudest_hz(heard.samples(0)) == pytest.approx(TONE_HZ, abs=3)


@pytest.mark.parametrize("name", QUARANTINED)
def test_what_is_no_recording_says_what_it_is_and_the_mend(site: Site, tmp_path: Path, name: str) -> None:
    made, told = QUARANTINED[name]
    content = made()
    site.put(name, content)
    (tmp_path / "audio").write_bytes(content)

    call = site.find()[name]

    assert call.state is CallState.QUARANTINED
    assert re.search(told, str(call.state_reason), re.DOTALL), call.state_reason
    with pytest.raises(RecordingUnusable):
        probe(tmp_path / "audio", 60)


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_too_short_is_skipped(site: Site, name: str) -> None:
    site.put(name, SKIPPED[name]())

    call = site.find()[name]

    assert call.state is CallState.SKIPPED
    assert re.fullmatch(
        r"too short; it lasts 0\.\d s, audited are calls of 2 to 60 s", str(call.state_reason)
    )
