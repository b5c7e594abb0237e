"""Sorts a day's files into recordings, the sidecars beside them, and what is left alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import join, normpath, splitext

from include.calls.listing import Listing, finished_name
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
    """A day's files by what they are.

    Attributes:
        recordings: In order of path.
        sidecars: By the recording that they lie beside: each with what reads it.
        shared: Sidecars that say themselves whose they are.
        alone: Sidecars whose recording is not there.
        one_sided: Recordings that are one side of a call whose other side is not there.
        ignored: What the recorder's file says to leave alone.
        unknown: What it does not know.
        being_written: What is left for the next look.
    """

    recordings: list[Recorded] = field(default_factory=list)
    sidecars: dict[str, list[tuple[str, Sidecar]]] = field(default_factory=dict)
    shared: list[tuple[str, Sidecar]] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    one_sided: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    being_written: list[str] = field(default_factory=list)


def sort_listing(listing: Listing, recorder: Recorder) -> SortedFiles:
    """Sorts a day's files; a call waits for the next look as long as one of its files is being written.

    Files that are being written are sorted by the names that they will have, so that one side of a call is
    not taken for all of it. A sidecar that was written just now is read.
    """
    later = {path: finished_name(path) for path in listing.being_written}
    # Beside the file itself, one of such a name is an old copy of it.
    awaited = {path if name in listing.files else name: path for path, name in later.items()}
    found = sort_files(listing.files.keys() | awaited.keys(), recorder)
    waiting = [one for one in found.recordings if not awaited.keys().isdisjoint(one.paths)]
    left = {awaited.get(path, path) for one in waiting for path in one.paths}
    left |= {awaited.get(path, path) for one in waiting for path, _ in found.sidecars.pop(one.path, [])}
    left |= set(listing.being_written)
    beside = [path for some in found.sidecars.values() for path, _ in some]
    left -= {path for path in [*beside, *(path for path, _ in found.shared)] if awaited.get(path) == path}
    names = {one.path for one in waiting}
    found.recordings = [one for one in found.recordings if one.path not in names]
    for paths in (found.alone, found.one_sided, found.ignored, found.unknown):
        paths[:] = [path for path in paths if path not in awaited]
    # One that has not its last name yet cannot be opened by it.
    unnamed = {path for path, now in awaited.items() if path != now} - listing.files.keys()
    found.shared = [(path, rule) for path, rule in found.shared if path not in unnamed]
    for path, some in list(found.sidecars.items()):
        found.sidecars[path] = [(one, rule) for one, rule in some if one not in unnamed]
    found.ignored += [file.path for file in listing.ignored]
    found.being_written = sorted(left)
    return found


def sort_files(paths: Iterable[str], recorder: Recorder) -> SortedFiles:
    """Sorts files by the recorder's patterns; what is ignored goes first, then sidecars, then recordings."""
    found = SortedFiles()
    sounds, beside = [], []
    heard = [*recorder.recordings, *(name for rule in recorder.raw for name in rule.files)]
    for path in sorted(paths):
        rule = _sidecar_rule(path, recorder)
        if matches(path, recorder.ignored):
            found.ignored.append(path)
        elif rule and rule.pair:
            found.shared.append((path, rule))
        elif rule:
            beside.append(path)
        elif matches(path, heard) or ending_of(path) in SOUND_ENDINGS:
            sounds.append(path)
        else:
            found.unknown.append(path)
    found.recordings = list(_recorded(_without_companions(sounds, found, recorder), recorder))
    found.one_sided = _one_sided(found.recordings)
    found.alone = _pair(found, beside, recorder)
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


def _without_companions(sounds: list[str], found: SortedFiles, recorder: Recorder) -> list[str]:
    """The recordings, where a recorder's file takes any file for one.

    What lies beside a recording under its very name and has no ending of a sound is something about it in a
    form that nobody has described: it is counted, and is no broken recording.
    """
    raw = [name for rule in recorder.raw for name in rule.files]
    odd = [path for path in sounds if ending_of(path) not in SOUND_ENDINGS and not matches(path, raw)]
    if not odd or "*" not in recorder.recordings:
        return sounds
    named = {*sounds, *(splitext(path)[0] for path in sounds if ending_of(path) in SOUND_ENDINGS)} - {*odd}
    beside = {path for path in odd if splitext(path)[1] and splitext(path)[0] in named}
    found.unknown += sorted(beside)
    return [path for path in sounds if path not in beside]


def _recorded(sounds: list[str], recorder: Recorder) -> Iterator[Recorded]:
    """Puts legs together; the others are a call each."""
    left = {path: path for path in sounds}
    by_folded = {path.casefold(): path for path in sounds}
    for rule, paths in _firsts(sounds, recorder.spelled_legs):
        for path in paths:
            call = _with_its_other_side(path, rule, left, by_folded)
            if call:
                for one in call.paths:
                    left.pop(one)
                yield call
    yield from (Recorded(path) for path in sounds if path in left)


def _firsts(sounds: list[str], rules: list[Legs]) -> Iterator[tuple[Legs, list[str]]]:
    """Each rule with the files that may be a first side by it; most days have none."""
    firsts = tuple(rule.endings[0].casefold() for rule in rules)
    stems = ((path, splitext(path)[0].casefold()) for path in sounds) if firsts else iter(())
    named = [(path, stem) for path, stem in stems if stem.endswith(firsts)]
    for rule, first in zip(rules, firsts, strict=True):
        yield rule, [path for path, stem in named if stem.endswith(first)]


def _one_sided(recordings: list[Recorded]) -> list[str]:
    """Those that are named like a side, on a day on which others have both."""
    rules = {one.rule for one in recordings if one.rule}
    endings = tuple(ending.casefold() for rule in rules for ending in rule.endings)
    alone = [one.path for one in recordings if not one.rule]
    return [path for path in alone if splitext(path)[0].casefold().endswith(endings)] if endings else []


def _with_its_other_side(
    path: str, rule: Legs, there: Mapping[str, str], by_folded: Mapping[str, str]
) -> Recorded | None:
    if path not in there:
        return None
    stem, ending = splitext(path)
    first, second = rule.endings
    bare = stem[: -len(first)]
    named = bare + second + ending
    other = there.get(named) or there.get(by_folded.get(named.casefold(), ""))
    if not other or not bare.rpartition("/")[2]:
        return None
    mix = bare + ending if rule.mix and bare + ending in there else None
    return Recorded(path, (path, other), rule, mix)


def _pair(found: SortedFiles, beside: list[str], recorder: Recorder) -> list[str]:
    """Gives every recording the sidecars beside it; what is left has none."""
    there = {path.casefold(): path for path in beside}
    left = set(beside)
    for recorded in found.recordings:
        for rule in recorder.sidecars:
            for name in _names(recorded, rule):
                path = there.get(name.casefold())
                if path in left and path:
                    found.sidecars.setdefault(recorded.path, []).append((path, rule))
                    left.discard(path)
    return sorted(left)


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
