"""Every setting of `[cofi]` with its default and what its comment says."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A line of airflow.cfg."""

    name: str
    default: str
    told: str


def page(configuration: str) -> str:
    """The reference of settings, in the order and under the headings of the file."""
    parts = [
        "# Settings\n",
        "Section `[cofi]` of `airflow.cfg`. A site's own values stand in `site.cfg`, which git ignores "
        "(`cofi init` makes it), or in the environment: `AIRFLOW__COFI__<NAME>`.\n",
    ]
    for title, settings in sections(configuration):
        parts += [f"## {title}\n", "| setting | default | |", "| --- | --- | --- |"]
        parts += [f"| `{one.name}` | {_code(one.default)} | {_cell(one.told)} |" for one in settings]
        parts.append("")
    return "\n".join(parts)


def sections(configuration: str) -> list[tuple[str, list[Setting]]]:
    """The settings of `[cofi]` by heading (`# --- … ---`).

    A comment speaks for all settings that follow it without another one.
    """
    found: list[tuple[str, list[Setting]]] = []
    comment: list[str] = []
    told = ""
    for line in configuration.split("[cofi]\n", 1)[1].splitlines():
        if line.startswith("["):
            break
        if heading := re.fullmatch(r"# --- (.*) ---", line):
            found.append((heading[1], []))
        elif line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
        elif setting := re.fullmatch(r"(\w+) =\s*(.*)", line):
            told = " ".join(comment) or told
            comment = []
            found[-1][1].append(Setting(setting[1], setting[2], told))
    return found


def _code(value: str) -> str:
    return f"`{value}`" if value else "–"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
