"""All pages of the reference."""

from pathlib import Path

from tests.reference import database, gpu_host, scorecard, settings, webhooks

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"
_HEAD = "<!-- Written by `make reference`. Do not edit: run it again. -->\n\n"


def pages() -> dict[str, str]:
    """Text by file name."""
    found = {
        "settings.md": settings.page((ROOT / "airflow.cfg").read_text()),
        "database.md": database.page(),
        "scorecard.md": scorecard.page(),
        "webhooks.md": webhooks.page(),
        "http.md": gpu_host.page(),
        "gpu-host-settings.md": gpu_host.settings_page(),
    }
    return {name: _HEAD + text for name, text in found.items()} | {"database.svg": database.picture()}
