"""Sorts a day's files into recordings, the sidecars beside them, and what is left alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from posixpath import join, normpath, splitext

from include.calls.listing import Listing, finished_name
from include.calls.on_disk import DiskDict, DiskList
from include.calls.recorders.profile import Legs, Recorder, Sidecar, matches

# Whatever a recorder's file says, one of these is not left out: better audited without metadata than lost.
SOUND_ENDINGS = frozenset(
    {"wav", "wave", "flac", "ogg", "oga", "opus", "mp3", "m4a", "mp4", "aac", "webm", "wma", "amr", "au"}
    | {"gsm", "aif", "aiff", "g722", "g729", "ulaw", "alaw", "sln", "spx", "mka", "3gp", "caf", "w64"}
    | {"aifc", "snd", "rf64", "bwf", "awb", "mp2", "wv", "tta", "vox", "ul", "al", "mkv", "mov", "avi", "flv"}
    | {"ts", "mpg", "mpeg", "m4b", "dss", "ds2", "sln16", "g726"}
)


@dataclass(frozen=True)
class Recorded:
    """The files of one call.

    Attributes:
        path: Of the first; names the call.
        legs: Both, when its sides were recorded apart.
        rule: By which.
        mix: A third file, which has both sides in one.
    """

    path: str
    legs: tuple[str, ...] = ()
    rule: Legs | None = None
    mix: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """All of its files, those that are not heard as well."""
        return (*(self.legs or (self.path,)), *filter(None, [self.mix]))


@dataclass
class SortedFiles:
    """A day's files by what they are, in order of path.

    Attributes:
        recordings: A call each.
        sidecars: By the recording that they lie beside: each with what reads it.
        shared: Sidecars that say themselves whose they are.
        alone: Sidecars whose recording is not there.
        one_sided: Recordings that are one side of a call whose other side is not there.
        ignored: What the recorder's file says to leave alone.
        unknown: What it does not know.
        being_written: What is left for the next look.
    """

    recordings: DiskList[Recorded] = field(default_factory=DiskList)
    sidecars: DiskDict[list[tuple[str, Sidecar]]] = field(default_factory=DiskDict)
    shared: DiskList[tuple[str, Sidecar]] = field(default_factory=DiskList)
    alone: DiskList[str] = field(default_factory=DiskList)
    one_sided: DiskList[str] = field(default_factory=DiskList)
    ignored: DiskList[str] = field(default_factory=DiskList)
    unknown: DiskList[str] = field(default_factory=DiskList)
    being_written: DiskList[str] = field(default_factory=DiskList)


def sort_listing(listing: Listing, recorder: Recorder) -> SortedFiles:
    """Sorts a day's files; a call waits for the next look as long as one of its files is being written.

    Files that are being written are sorted by the names that they will have, so that one side of a call is
    not taken for all of it. A sidecar that was written just now is read.
    """
    awaited: DiskDict[str] = DiskDict()
    for path in listing.being_written:
        name = finished_name(path)
        # Beside the file itself, one of such a name is an old copy of it.
        awaited[path if name in listing.files else name] = path
    found = sort_files(chain(listing.files, awaited), recorder)
    if awaited:
        _leave_awaited(found, listing, awaited)
    found.ignored.add_all((file.path, file.path) for file in listing.ignored)
    return found


def _leave_awaited(found: SortedFiles, listing: Listing, awaited: DiskDict[str]) -> None:
    """Takes out what is being written, and the calls that wait for it."""
    left: DiskDict[None] = DiskDict((path, None) for path in listing.being_written)
    for one in found.recordings:
        if any(path in awaited for path in one.paths):
            beside = [path for path, _ in found.sidecars.pop(one.path, [])]
            left.add_all((awaited.get(path, path), None) for path in (*one.paths, *beside))
            found.recordings.remove(one.path)
    for paths in (found.alone, found.one_sided, found.ignored, found.unknown):
        for path in filter(awaited.__contains__, paths):
            paths.remove(path)

    def is_read(path: str) -> bool:
        """Whether a sidecar is; one that has not its last name yet cannot be opened by it."""
        now = awaited.get(path)
        if now == path:
            left.pop(path, None)
        return now in {None, path} or path in listing.files

    for path in [path for path, _ in found.shared if not is_read(path)]:
        found.shared.remove(path)
    for recorded, some in found.sidecars.items():
        found.sidecars[recorded] = [(path, rule) for path, rule in some if is_read(path)]
        if not found.sidecars[recorded]:
            del found.sidecars[recorded]
    found.being_written.add_all((path, path) for path in left)


def sort_files(paths: Iterable[str], recorder: Recorder) -> SortedFiles:
    """Sorts files by the recorder's patterns; what is ignored goes first, then sidecars, then recordings."""
    found = SortedFiles()
    sounds: DiskDict[None] = DiskDict()
    beside: DiskDict[None] = DiskDict()
    heard = [*recorder.recordings, *(name for rule in recorder.raw for name in rule.files)]
    for path in DiskDict((path, None) for path in paths):
        rule = _sidecar_rule(path, recorder)
        if matches(path, recorder.ignored):
            found.ignored.add(path, path)
        elif rule and rule.pair:
            found.shared.add(path, (path, rule))
        elif rule:
            beside[path] = None
        elif matches(path, heard) or ending_of(path) in SOUND_ENDINGS:
            sounds[path] = None
        else:
            found.unknown.add(path, path)
    _leave_companions(sounds, found, recorder)
    sidecars = _Sidecars(beside, recorder)
    for one in _recorded(sounds, recorder):
        found.recordings.add(one.path, one)
        if own := sidecars.taken_by(one):
            found.sidecars[one.path] = own
    found.one_sided.add_all((path, path) for path in _one_sided(found.recordings))
    found.alone.add_all((path, path) for path in beside)
    return found


def ending_of(path: str) -> str:
    """`wav`; empty without one."""
    return splitext(path)[1].removeprefix(".").casefold()


def apart(recorded: Recorded) -> list[Recorded]:
    """The files of a call as a call each: they are not two sides of one after all."""
    return [Recorded(path) for path in sorted(recorded.paths)]


def _sidecar_rule(path: str, recorder: Recorder) -> Sidecar | None:
    # A list of calls may be called like a recording's own sidecar.
    for rule in sorted(recorder.sidecars, key=lambda rule: rule.pair is None):
        names = (one.replace("{stem}", "*").replace("{name}", "*").rpartition("../")[2] for one in rule.files)
        patterns = rule.files if rule.pair else [f"*/{one}" if "/" in one else one for one in names]
        if matches(path if "/" in path else f"./{path}", patterns):
            return rule
    return None


def _leave_companions(sounds: DiskDict[None], found: SortedFiles, recorder: Recorder) -> None:
    """Leaves the recordings, where a recorder's file takes any file for one.

    What lies beside a recording under its very name and has no ending of a sound is something about it in a
    form that nobody has described: it is counted, and is no broken recording.
    """
    if "*" not in recorder.recordings:
        return
    raw = [name for rule in recorder.raw for name in rule.files]
    odd: DiskDict[None] = DiskDict(
        (path, None) for path in sounds if ending_of(path) not in SOUND_ENDINGS and not matches(path, raw)
    )
    if not odd:
        return
    named: DiskDict[None] = DiskDict(
        (splitext(path)[0], None) for path in sounds if ending_of(path) in SOUND_ENDINGS
    )
    for path in odd:
        stem, ending = splitext(path)
        if ending and stem not in odd and (stem in sounds or stem in named):
            found.unknown.add(path, path)
            del sounds[path]


def _recorded(left: DiskDict[None], recorder: Recorder) -> Iterator[Recorded]:
    """Puts legs together; the others are a call each."""
    rules = recorder.spelled_legs
    firsts = _firsts(left, rules)
    if firsts:
        by_folded = DiskDict((path.casefold(), path) for path in left)
        for number, path in firsts.pairs():
            call = _with_its_other_side(path, rules[int(number)], left, by_folded)
            if call:
                for one in call.paths:
                    del left[one]
                yield call
    yield from map(Recorded, left)


def _firsts(sounds: Iterable[str], rules: list[Legs]) -> DiskList[str]:
    """The files that may be a first side, by the number of the rule; most days have none."""
    found: DiskList[str] = DiskList()
    endings = tuple(rule.endings[0].casefold() for rule in rules)
    for path in sounds if endings else ():
        stem = splitext(path)[0].casefold()
        if stem.endswith(endings):
            numbers = (number for number, ending in enumerate(endings) if stem.endswith(ending))
            found.add_all((f"{number:04}", path) for number in numbers)
    return found


def _one_sided(recordings: DiskList[Recorded]) -> Iterator[str]:
    """Those that are named like a side, on a day on which others have both."""
    rules = {one.rule for one in recordings if one.rule}
    endings = tuple(ending.casefold() for rule in rules for ending in rule.endings)
    for one in recordings if endings else ():
        if not one.rule and splitext(one.path)[0].casefold().endswith(endings):
            yield one.path


def _with_its_other_side(
    path: str, rule: Legs, there: DiskDict[None], by_folded: DiskDict[str]
) -> Recorded | None:
    if path not in there:
        return None
    stem, ending = splitext(path)
    first, second = rule.endings
    bare = stem[: -len(first)]
    named = bare + second + ending
    other = named if named in there else by_folded.get(named.casefold(), "")
    if other not in there or not bare.rpartition("/")[2]:
        return None
    mix = bare + ending if rule.mix and bare + ending in there else None
    return Recorded(path, (path, other), rule, mix)


class _Sidecars:
    """Those beside recordings.

    Args:
        left: Loses each that a recording takes.
        recorder: Whose rules tell which lie beside one.
    """

    def __init__(self, left: DiskDict[None], recorder: Recorder) -> None:
        self._left, self._recorder = left, recorder
        self._by_folded = DiskDict((path.casefold(), path) for path in left)
        self._any = bool(left)

    def taken_by(self, recorded: Recorded) -> list[tuple[str, Sidecar]]:
        """A recording's own, which are no others' any more."""
        if not self._any:
            return []
        taken = []
        for rule in self._recorder.sidecars:
            for name in _names(recorded, rule):
                path = self._by_folded.get(name.casefold(), "")
                if path in self._left:
                    del self._left[path]
                    taken.append((path, rule))
        return taken


def _names(recorded: Recorded, rule: Sidecar) -> Iterator[str]:
    """Where a recording's sidecars lie; those of its sides are those of a call."""
    if rule.pair:
        return
    bare = []
    if recorded.rule:
        stem, ending = splitext(recorded.path)
        bare = [stem[: -len(recorded.rule.endings[0])] + ending]
    for path in [*bare, *recorded.paths]:
        folder, _, name = path.rpartition("/")
        for template in rule.files:
            own = template.replace("{stem}", splitext(name)[0]).replace("{name}", name)
            yield normpath(join(folder, own))
