from pathlib import Path

import pytest

from include.errors import InvalidInput
from include.gpu_host.engines.choosing import chosen_models
from include.gpu_host.settings import PACKAGED_WHISPER, Settings

pytestmark = pytest.mark.model


@pytest.mark.parametrize("setting", ["stt_model_sha256", "lid_model_sha256"])
def test_other_weights_than_the_pinned_ones_are_refused(tmp_path: Path, setting: str) -> None:
    pinned = {setting: "0" * 64, "lid_model": PACKAGED_WHISPER}
    settings = Settings(token="t", weights_dir=tmp_path, **pinned)
    with pytest.raises(InvalidInput, match=f"{setting.upper()} asks for 0000"):
        chosen_models(settings, "cpu")
