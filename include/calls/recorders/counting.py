"""Counts the files in a day's folders by kind, and lists the problems that somebody should look at."""

from collections.abc import Sequence

from include.calls.files import PROBLEMS_KEPT, DayFiles, by_ending, some
from include.calls.recorders.collecting import MetadataCollector
from include.calls.recorders.loading import PLAIN
from include.calls.recorders.profile import Recorder
from include.calls.recorders.sorting import Recorded, SortedFiles


def count_files(
    files: SortedFiles,
    recordings: Sequence[Recorded],
    collector: MetadataCollector,
    recorder: Recorder,
    *,
    other_days: int = 0,
    of_no_day: Sequence[str] = (),
    manifest_problems: Sequence[str] = (),
    lookalikes: Sequence[str] = (),
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
        lookalikes: Recordings that may be one side of a call; see `include.calls.recorders.lookalikes`.
    """
    bare = [one.path for one in recordings if not files.sidecars.get(one.path) and not collector.listed(one)]
    expected = bool(recorder.sidecars) and (recorder.id != PLAIN or len(bare) < len(recordings))
    mixes = [one.mix for one in recordings if one.mix]
    problems = [
        some(files.alone, "sidecar", "no recording for", "copy the recordings, or delete the sidecars"),
        some(bare if expected else [], "recording", "no sidecar for", "audited without its metadata"),
        some(
            files.unknown,
            "file",
            f"neither recordings nor sidecars of {recorder.title}:",
            "name them in its recordings, sidecars or ignored",
        ),
        some(files.one_sided, "recording", "one side only of", "copy the other, or it is not heard"),
        some(
            lookalikes,
            "pair",
            "named and as long as the two sides of a call:",
            "each is audited as a call; if they are sides, give their endings as legs in the recorder's file",
        ),
        some(of_no_day, "recording", "no day found in", "say in the recorder's paths where its start is"),
        some(collector.unclaimed, "list entry", "no recording for", "copy the recordings"),
        some(
            [one.path for one in recordings if collector.path_fits(one) is False],
            "path",
            f"{recorder.title} does not write",
            "correct its paths, or the names",
        ),
        *(f"{path} tells nothing: {why}" for path, why in sorted(collector.problems.items())),
        *(f"manifest: {problem}" for problem in manifest_problems),
    ]
    return DayFiles(
        recordings=len(recordings),
        sides=sum(len(one.legs) - 1 for one in recordings if one.legs),
        sidecars=sum(map(len, files.sidecars.values())) + len(files.shared),
        sidecars_alone=len(files.alone),
        sidecars_unread=len(collector.problems),
        without_sidecar=len(bare) if expected else 0,
        ignored=by_ending([*files.ignored, *mixes]),
        unknown=by_ending([*files.unknown, *of_no_day]),
        other_days=other_days,
        being_written=len(files.being_written),
        manifest_problems=len(manifest_problems),
        problems=tuple(filter(None, problems))[:PROBLEMS_KEPT],
    )
