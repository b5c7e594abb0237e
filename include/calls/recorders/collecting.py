"""Collects the metadata of a day's calls from paths, sidecars, the manifest and the recorder's rules."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from typing import Any

from include.calls.call import CallMetadata, ChannelRolesSource
from include.calls.day_folder import DayFolder
from include.calls.on_disk import DiskDict, at_once
from include.calls.recorders.checks import EXTRA
from include.calls.recorders.describing import Times, described, merged
from include.calls.recorders.paths import metadata_from_path
from include.calls.recorders.profile import Recorder, Sidecar, fill_template
from include.calls.recorders.sidecars import Reported, read_sidecar
from include.calls.recorders.sorting import Recorded, SortedFiles
from include.errors import InvalidInput

log = logging.getLogger(__name__)

# Lists of calls, each of which may be of a whole day.
_READ_AT_ONCE = 4


@dataclass(frozen=True)
class CollectedMetadata:
    """A call's metadata, and the sidecars that it comes from.

    Attributes:
        metadata: The metadata from all sources together.
        sidecars: Paths of the sidecars that were read.
    """

    metadata: CallMetadata
    sidecars: tuple[str, ...] = ()


class MetadataCollector:
    """Collects the metadata of the calls of a day. Several threads may use it at once.

    Args:
        folder: The day's folder.
        files: Its files, sorted by kind.
        recorder: The recorder by whose rules the files were sorted.
        timezone: The site's time zone.
        manifest: The manifest's metadata by path of the recording.
        pool: Reads sidecars that describe several recordings.
    """

    def __init__(
        self,
        folder: DayFolder,
        files: SortedFiles,
        recorder: Recorder,
        timezone: str,
        *,
        manifest: Mapping[str, CallMetadata],
        pool: Executor,
    ) -> None:
        self._folder = folder
        self._files = files
        self._recorder = recorder
        self._times = Times(recorder.times_timezone(timezone), recorder.times.formats)
        self._manifest = manifest
        self._known: DiskDict[CollectedMetadata] = DiskDict()
        self.problems: DiskDict[str] = DiskDict()
        self._shared: DiskDict[Reported] = DiskDict()
        for some in at_once(files.shared, _READ_AT_ONCE):
            for entries in pool.map(lambda one: self._entries(*one), some):
                self._shared.add_all(entries)
        self._has_shared = bool(self._shared)
        recordings = files.recordings if self._has_shared else ()
        claimed = (key for one in recordings for key in self._keys(one))
        self._claimed: DiskDict[None] = DiskDict((key, None) for key in claimed)

    @property
    def unclaimed(self) -> Iterator[str]:
        """Entries of shared sidecars (of several recordings) for which there is no recording."""
        return (key.partition("\0")[2] for key in self._shared if key not in self._claimed)

    def listed(self, recorded: Recorded) -> bool:
        """Whether a shared sidecar has an entry for a recording."""
        return bool(self._keys(recorded))

    def path_fits(self, recorded: Recorded) -> bool | None:
        """Whether a rule of the recorder fits a path; None when it has none."""
        if not self._recorder.paths:
            return None
        return metadata_from_path(recorded.path, self._recorder) is not None

    def by_path(self, recorded: Recorded) -> CallMetadata:
        """The metadata that the path alone gives."""
        reported = metadata_from_path(recorded.path, self._recorder)
        return described(reported or {}, recorded.path, self._times)

    def of(self, recorded: Recorded) -> CollectedMetadata:
        """A call's metadata from all sources; its sidecars are read once."""
        if recorded.path not in self._known:
            self._known[recorded.path] = self._put_together(recorded)
        return self._known[recorded.path]

    def last_of(self, recorded: Recorded) -> CollectedMetadata:
        """The same, of a call that is not asked for again: its metadata is kept here no longer."""
        return self._known.pop(recorded.path, None) or self._put_together(recorded)

    def _put_together(self, recorded: Recorded) -> CollectedMetadata:
        path = metadata_from_path(recorded.path, self._recorder)
        reported, read = [path or {}], []
        for sidecar, rule in self._files.sidecars.get(recorded.path, []):
            try:
                reported.append(self._first(sidecar, rule))
                read.append(sidecar)
            except InvalidInput as error:
                self._problem(sidecar, error)
        reported += [self._shared[key] for key in self._keys(recorded)]
        rows = [self._manifest[one] for one in recorded.paths if one in self._manifest]
        whole = merged([*(described(one, recorded.path, self._times) for one in reported), *rows])
        return CollectedMetadata(derived(whole, self._recorder), tuple(read))

    def _first(self, sidecar: str, rule: Sidecar) -> Reported:
        return read_sidecar(self._folder.filesystem, f"{self._folder.root}/{sidecar}", rule)[0][1]

    def _entries(self, path: str, rule: Sidecar) -> Iterable[tuple[str, Reported]]:
        """The entries of a shared sidecar, each with the key that names its recording."""
        assert rule.pair
        try:
            found = read_sidecar(self._folder.filesystem, f"{self._folder.root}/{path}", rule)
        except InvalidInput as error:
            self._problem(path, error)
            return []
        field = rule.pair.recording.removeprefix(EXTRA)
        return ((_shared_key(field, key), reported) for key, reported in found if key)

    def _keys(self, recorded: Recorded) -> list[str]:
        """The keys under which shared sidecars have entries for a recording."""
        if not self._has_shared:
            return []
        name = recorded.path.rpartition("/")[2]
        from_path = metadata_from_path(recorded.path, self._recorder) or {}
        own = {**from_path, "path": recorded.path, "name": name, "stem": name.rpartition(".")[0] or name}
        keys = (_shared_key(field, str(value)) for field, value in own.items())
        return [key for key in keys if key in self._shared]

    def _problem(self, sidecar: str, error: InvalidInput) -> None:
        self.problems[sidecar] = str(error)
        log.warning("%s/%s tells nothing: %s", self._folder.uri, sidecar, error)


def _shared_key(field: str, value: str) -> str:
    return f"{field}\0{value}"


def derived(metadata: CallMetadata, recorder: Recorder) -> CallMetadata:
    """Adds the fields that the recorder's rules derive from those that are known."""
    for rule in recorder.derive:
        known = {field.name: getattr(metadata, field.name) for field in fields(metadata)}
        if all(known.get(name) in values for name, values in rule.when.items()):
            added: dict[str, Any] = {
                name: text
                for name, template in rule.set.items()
                if not known.get(name) and (text := fill_template(template, known))
            }
            metadata = replace(metadata, **added)
    return metadata


def with_roles(
    metadata: CallMetadata,
    recorder: Recorder,
    recorded: Recorded | None,
    channels: int | None,
    by_setting: tuple[Any, ...],
) -> CallMetadata:
    """The metadata with the channels' roles and the source that stated them; roles are never guessed.

    Args:
        metadata: What a manifest or a sidecar says of roles holds.
        recorder: What its file says holds next.
        recorded: The files of the call; None when they are gone.
        channels: Number of channels of the call; None when its header could not be read.
        by_setting: `[cofi] stereo_roles`, used when no other source states the roles.
    """
    if metadata.channel_roles or channels is None:
        return metadata
    rule = recorded.rule.roles if recorded and recorded.rule and recorded.rule.roles else recorder.roles
    roles = rule.of(metadata.direction)
    if len(roles) == channels:
        return replace(metadata, channel_roles=roles, roles_source=ChannelRolesSource.RECORDER)
    if channels == 2 and len(by_setting) == 2:
        return replace(metadata, channel_roles=by_setting, roles_source=ChannelRolesSource.SETTING)
    return metadata
