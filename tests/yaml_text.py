"""Writing YAML with libyaml, which takes a tenth of the time."""

from typing import Any

import yaml


def as_yaml(content: Any, **how: Any) -> str:
    """What `yaml.safe_dump` writes."""
    return str(yaml.dump(content, Dumper=yaml.CSafeDumper, **how))
