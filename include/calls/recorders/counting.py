"""Counts the files in a day's folders by kind, and lists the problems that somebody should look at."""

from collections.abc import Sequence
from itertools import chain, islice

from include.calls.files import PROBLEMS_KEPT, DayFiles, Some, by_ending
from include.calls.recorders.collecting import MetadataCollector
from include.calls.recorders.loading import PLAIN
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import Recorded, SortedFiles

_NONE = Some()


def count_files(
    files: SortedFiles,
    recordings: Sequence[Recorded],
    collector: MetadataCollector,
    recorder: Recorder,
    *,
    other_days: int = 0,
    of_no_day: Sequence[str] = (),
    manifest_problems: Sequence[str] = (),
    lookalikes: Some = _NONE,
) -> DayFiles:
    """Counts a day's files.

    Args:
        files: The day's files, sorted by kind.
        recordings: The recordings of the day.
        collector: Has read the metadata of the recordings.
        recorder: The recorder by whose rules the files were sorted.
        other_days: How many recordings belong to other days.
        of_no_day: Recordings whose day is unknown.
        manifest_problems: Which parts of the manifest could not be read, or do not count.
        lookalikes: Pairs that may be the sides of a call; see `include.calls.recorders.lookalikes`.
    """
    bare = Some.of(
        one.path for one in recordings if one.path not in files.sidecars and not collector.listed(one)
    )
    count = len(recordings)
    expected = bool(recorder.sidecars) and (recorder.id != PLAIN or bare.count < count)
    strange = (one.path for one in recordings if collector.path_fits(one) is False)
    of_files = [
        Some.of(files.alone).with_trouble(
            "sidecar", "no recording for", "copy the recordings, or delete the sidecars"
        ),
        (bare if expected else _NONE).with_trouble(
            "recording", "no sidecar for", "audited without its metadata"
        ),
        Some.of(files.unknown).with_trouble(
            "file",
            f"neither recordings nor sidecars of {recorder.title}:",
            "name them in its recordings, sidecars or ignored",
        ),
        Some.of(files.one_sided).with_trouble(
            "recording", "one side only of", "copy the other, or it is not heard"
        ),
        lookalikes.with_trouble(
            "pair",
            "named and as long as the two sides of a call:",
            "each is audited as a call; if they are sides, give their endings as legs in the recorder's file",
        ),
        Some.of(of_no_day).with_trouble(
            "recording", "no day found in", "say in the recorder's paths where its start is"
        ),
        Some.of(collector.unclaimed).with_trouble("list entry", "no recording for", "copy the recordings"),
        Some.of(strange).with_trouble(
            "path", f"{recorder.title} does not write", "correct its paths, or the names"
        ),
    ]
    unread = (f"{path} tells nothing: {why}" for path, why in collector.problems.items())
    of_manifest = (f"manifest: {problem}" for problem in manifest_problems)
    problems = chain((one for one in of_files if one), unread, of_manifest)
    return DayFiles(
        recordings=count,
        sides=sum(len(one.legs) - 1 for one in recordings if one.legs),
        sidecars=sum(map(len, files.sidecars.values())) + len(files.shared),
        sidecars_alone=len(files.alone),
        sidecars_unread=len(collector.problems),
        without_sidecar=bare.count if expected else 0,
        ignored=by_ending(chain(files.ignored, (one.mix for one in recordings if one.mix))),
        unknown=by_ending(chain(files.unknown, of_no_day)),
        other_days=other_days,
        being_written=len(files.being_written),
        manifest_problems=len(manifest_problems),
        problems=tuple(islice(problems, PROBLEMS_KEPT)),
    )
