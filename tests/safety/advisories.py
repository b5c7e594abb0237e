"""Fails when the lock names a version that an advisory warns of: `python -m tests.safety.advisories`."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from include.plain_yaml import read_yaml

ROOT = Path(__file__).parents[2]
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Advisory:
    """Which versions of a package must not be used."""

    package: str
    id: str
    affected: SpecifierSet
    looked: date
    what: str


def listed(entries: Iterable[dict[str, Any]]) -> list[Advisory]:
    """The advisories of the file.

    Raises:
        ValueError: One says no package, specifier or date that can be read.
    """
    found = []
    for entry in entries:
        if not isinstance(entry["looked"], date):
            raise ValueError(f"{entry['id']}: 'looked' is no date")
        about = {
            "package": canonicalize_name(entry["package"]),
            "affected": SpecifierSet(entry["affected"], prereleases=True),
        }
        found.append(Advisory(**{**entry, **about}))
    return found


def locked(text: str) -> dict[str, list[Version]]:
    """Versions by package; one for each platform that has its own."""
    versions = defaultdict(list)
    for name, version in _PINNED.findall(text):
        versions[canonicalize_name(name)].append(Version(version))
    return dict(versions)


def warnings(advisories: Iterable[Advisory], versions: dict[str, list[Version]]) -> list[str]:
    """One line for each locked version that an advisory is about, and for each advisory about nothing."""
    told = []
    for one in advisories:
        if one.package not in versions:
            told.append(f"{one.id}: {one.package} is not in the lock: delete the line")
        told += [
            f"{one.package} {version} is affected by {one.id} ({one.affected}): {one.what}. Renew the lock."
            for version in versions.get(one.package, [])
            if version in one.affected
        ]
    return told


def main() -> int:
    """Prints what is wrong."""
    entries = read_yaml((ROOT / "tests/safety/advisories.yaml").read_text())
    told = warnings(listed(entries), locked((ROOT / "requirements.lock").read_text()))
    print("\n".join(told) or f"No version in the lock is one of {len(entries)} known advisories")
    return bool(told)


if __name__ == "__main__":
    sys.exit(main())
