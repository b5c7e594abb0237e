"""What a recorder's file says. `docs/recordings.md` explains each field with examples."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.audio_files.raw import Encoding, RawAudio
from include.calls.call import ChannelRole
from include.calls.recorders.checks import (
    EXTRA,
    SITE,
    Expressions,
    Layouts,
    Pattern,
    Settings,
    Texts,
    Zone,
    known_fields,
)
from include.calls.recorders.describing import FIELDS, TEXTS
from include.calls.recorders.expressions import EXPRESSIONS, SidecarFormat, format_of

# The files in the location itself, without its folders.
HERE = "."
# What pairs a sidecar's entry with a recording, beside the fields that the path tells.
_OWN_NAMES = ("name", "stem", "path")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Days(_Strict):
    """Where a day's recordings lie below the location.

    Attributes:
        folders: In pendulum's tokens, `*` for any name; all that there are belong to the day, nested folders
            too. `.` stands for the files in the location itself: a call there is of the day that it began on.
            Empty: so is every call, in whichever folder.
        timezone: Whose midnights the folders begin at. Where it is not the site's, the two folders that the
            site's day touches are looked at, and each call belongs to the site's day that it began on.
        paths_below: Whether calls are named by their path below the location or below the day's folder.
    """

    folders: Layouts
    timezone: Zone = SITE
    paths_below: Literal["location", "day"] = "location"

    @property
    def are_folders(self) -> bool:
        """Whether a folder tells the day of all that lies in it."""
        return bool(self.folders) and HERE not in self.folders

    @model_validator(mode="after")
    def _names_a_day(self) -> "Days":
        if self.paths_below == "day" and (
            len(self.folders) != 1 or not self.are_folders or "*" in self.folders[0]
        ):
            raise ValueError("paths_below: day needs one folder per day, without *")
        return self


class PathRule(_Strict):
    """What a path says: named groups are fields. Of several rules the first that matches holds.

    Attributes:
        match: Searched in the path below the location.
        set: Further fields; `{name}` stands for a group. Groups that begin with `_` serve only here.
    """

    match: Pattern
    set: Settings = {}


class Pair(_Strict):
    """How an entry of a sidecar finds its recording: both are the same text.

    Attributes:
        entry: Where the entry says it.
        recording: `name`, `stem` or `path` of the recording, or a field that its path tells.
    """

    entry: str
    recording: str = "interaction_id"

    @model_validator(mode="after")
    def _isknown_fields(self) -> "Pair":
        if self.recording not in {*_OWN_NAMES, *FIELDS} and not self.recording.startswith(EXTRA):
            raise ValueError(f"recording: write {', '.join(_OWN_NAMES)} or a field that the path tells")
        return self


class Sidecar(_Strict):
    """Files that say what is in recordings.

    Attributes:
        files: Names, with `{stem}` or `{name}` of the recording beside which they lie; a path with `/` is
            relative to the recording's folder. With `pair`: patterns such as `*.json`, anywhere in the day.
        format: None: by the file's ending.
        rows: Where its entries are, when one file describes several recordings; CSV has one a row.
        pair: None: by name.
        fields: Where an entry says what; the first place that says something holds.
        keep_rest: Keep what else an entry says in `extra`.
    """

    files: Texts
    format: SidecarFormat | None = None
    rows: str | None = None
    pair: Pair | None = None
    fields: Expressions = {}
    keep_rest: bool = False

    @model_validator(mode="after")
    def _can_be_read(self) -> "Sidecar":
        by_name = self.pair is None
        if by_name and not all("{stem}" in name or "{name}" in name for name in self.files):
            raise ValueError(
                "files: name the recording by {stem} or {name}, or tell by `pair` whose they are"
            )
        formats = {self.format or format_of(name) for name in self.files}
        if None in formats:
            raise ValueError("format: write json, xml or csv; the ending does not tell")
        expressions = [*(e for some in self.fields.values() for e in some), self.rows]
        for one in [*expressions, self.pair.entry if self.pair else None]:
            for kind in formats:
                if one is not None and kind is not None:
                    EXPRESSIONS[kind].check(one)
        return self


class Derivation(_Strict):
    """Fields that follow from others, where no source states them.

    Attributes:
        when: Fields and the values that they must have.
        set: As in `PathRule`.
    """

    when: dict[str, Texts] = {}
    set: Settings

    @model_validator(mode="after")
    def _isknown_fields(self) -> "Derivation":
        known_fields(self.when)
        wrong = sorted(self.set.keys() - {*TEXTS, "direction"})
        if wrong:
            raise ValueError(f"set: {', '.join(wrong)} cannot follow from others; texts and direction can")
        return self


class Roles(_Strict):
    """Who is on which channel, in order of channel: always the same, or by the call's direction."""

    fixed: tuple[ChannelRole, ...] = ()
    inbound: tuple[ChannelRole, ...] = ()
    outbound: tuple[ChannelRole, ...] = ()
    internal: tuple[ChannelRole, ...] = ()

    def of(self, direction: str | None) -> tuple[ChannelRole, ...]:
        """The roles of a call; empty when its direction would tell and is not known."""
        by_direction = {"inbound": self.inbound, "outbound": self.outbound, "internal": self.internal}
        return self.fixed or by_direction.get(direction or "", ())


class Legs(_Strict):
    """Two files of one channel each that are the two sides of one call.

    Attributes:
        endings: Of their stems; the first becomes channel 0.
        separators: What may stand before the endings, the same before both.
        roles: Of the two; none: as of a recording with two channels.
        mix: Whether a file with the bare stem is a mix of both sides, and left out where both are there.
    """

    endings: tuple[str, str]
    separators: Texts = ("",)
    roles: Roles | None = None
    mix: bool = True

    @model_validator(mode="after")
    def _differ(self) -> "Legs":
        if not all(self.endings) or self.endings[0] == self.endings[1]:
            raise ValueError("endings: write two that differ, like [-in, -out]")
        return self


class RawFiles(_Strict):
    """Recordings without a header, and what they hold."""

    files: Texts
    encoding: Encoding
    sample_rate_hz: int = Field(default=8000, ge=4000, le=192_000)
    channels: int = Field(default=1, ge=1, le=8)


class TimesRule(_Strict):
    """How paths and sidecars write points in time.

    Attributes:
        timezone: Of those that state none.
        formats: In pendulum's tokens, beside ISO 8601 and seconds since 1970.
    """

    timezone: Zone = SITE
    formats: Texts = ()


class Recorder(_Strict):
    """A recorder. Patterns with `/` are compared with the path, others with the name; case does not matter.

    Attributes:
        id: Its file's name.
        recordings: Which files are recordings; any other with the ending of a sound file is one, too.
        ignored: Files that are neither recordings nor sidecars: they are counted, and left alone.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    days: Days
    recordings: Texts = ("*",)
    ignored: Texts = ()
    sidecars: tuple[Sidecar, ...] = ()
    paths: tuple[PathRule, ...] = ()
    times: TimesRule = TimesRule()
    derive: tuple[Derivation, ...] = ()
    roles: Roles = Roles()
    legs: tuple[Legs, ...] = ()
    raw: tuple[RawFiles, ...] = ()

    def raw_audio(self, path: str) -> RawAudio | None:
        """What a file without a header holds; None for those that have one."""
        for rule in self.raw:
            if matches(path, rule.files):
                return RawAudio(rule.encoding, rule.sample_rate_hz, rule.channels)
        return None

    def laid_out(self, layout: str) -> "Recorder":
        """The same with other folders for its days."""
        days = Days(folders=(layout,), timezone=self.days.timezone, paths_below=self.days.paths_below)
        return self.model_copy(update={"days": days})

    def times_timezone(self, site: str) -> str:
        """The zone of times that state none."""
        return site if self.times.timezone == SITE else self.times.timezone

    @property
    def spelled_legs(self) -> list[Legs]:
        """A rule for each way in which endings are written, their separators in front of them."""
        return [
            rule.model_copy(update={"endings": (before + rule.endings[0], before + rule.endings[1])})
            for rule in self.legs
            for before in rule.separators
        ]

    @cached_property
    def path_patterns(self) -> list[tuple[re.Pattern[str], PathRule]]:
        """Compiled once."""
        return [(re.compile(rule.match), rule) for rule in self.paths]


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path, or its name, has one of these patterns."""
    path = path.casefold()
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path if "/" in one else name, one.casefold()) for one in patterns)


def fill_template(template: str, values: Mapping[str, Any]) -> str:
    """A template with the values put in; empty when a value that it names is missing."""
    parts = []
    for text, name, _, _ in Formatter().parse(template):
        parts.append(text)
        if name is not None:
            if not values.get(name):
                return ""
            parts.append(str(values[name]))
    return "".join(parts)
