"""What a recording's path says of its call."""

from typing import Any

from include.calls.recorders.checks import EXTRA
from include.calls.recorders.profile import Recorder, fill_template


def metadata_from_path(path: str, recorder: Recorder) -> dict[str, Any] | None:
    """Fields by name; None when no rule of the recorder fits the path."""
    for pattern, rule in recorder.path_patterns:
        found = pattern.search(path)
        if found is None:
            continue
        groups = {name: text for name, text in found.groupdict().items() if text}
        values = {name: fill_template(template, groups) for name, template in rule.set.items()}
        values |= {name: text for name, text in groups.items() if not name.startswith("_")}
        return {name.removeprefix(EXTRA): text for name, text in values.items() if text}
    return None
