"""`python -m include.capacity --files 10000 --hosts 5`: how long a day takes, and why."""

import argparse
import sys
from collections.abc import Sequence

from include.calls.stage import GPU_STAGES
from include.capacity.advice import advise
from include.capacity.site import Day, ServiceTimes, Site
from include.capacity.wording import told
from include.errors import InvalidInput

_STAGES = ", ".join(GPU_STAGES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the advice; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        day, times, site = _day(chosen), _times(chosen), _site(chosen)
        print(told(day, site, advise(day, times, site)))
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _day(chosen: argparse.Namespace) -> Day:
    if chosen.files < 1 or chosen.hosts < 1 or chosen.audio_s <= 0:
        raise InvalidInput("Enter at least one file, one host, and an audio length of more than 0 s.")
    return Day(chosen.files, chosen.audio_s, chosen.spread)


def _times(chosen: argparse.Namespace) -> ServiceTimes:
    llm_s = (chosen.llm1_s, chosen.llm2_s)
    return ServiceTimes(chosen.upload_s, _of_stages(chosen.stage_s), _of_stages(chosen.rtf), llm_s)


def _site(chosen: argparse.Namespace) -> Site:
    speeds = chosen.speeds or [1.0]
    return Site(
        # The last one holds for all that follow.
        speeds=tuple((speeds + speeds[-1:] * chosen.hosts)[: chosen.hosts]),
        gpu_tasks_per_host=chosen.gpu_tasks_per_host,
        uploads_at_once=chosen.uploads_at_once,
        uploads_per_task=chosen.uploads_per_task,
        llm_slots=chosen.slots,
        llm_requests_per_task=chosen.requests_per_task,
        parallelism=chosen.parallelism,
        shard_audio_s=chosen.shard_audio_s,
        shards_per_host=chosen.shards_per_host,
        round_task_s=chosen.round_task_s,
        start_s=chosen.start_s,
        starts_per_s=chosen.starts_per_s,
        fixed_s=chosen.fixed_s,
    )


def _of_stages(given: list[float]) -> tuple[float, float, float, float]:
    """One figure for all four GPU stages, or one for each.

    Raises:
        InvalidInput: Another number of them.
    """
    if len(given) not in (1, len(GPU_STAGES)):
        raise InvalidInput(f"{len(given)} figures for the GPU stages: enter one, or four ({_STAGES}).")
    denoise, ivr, lid, stt = given * (len(GPU_STAGES) // len(given))
    return denoise, ivr, lid, stt


def _listed(text: str) -> list[float]:
    return [float(figure) for figure in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    day, times, site = Day(1), ServiceTimes(), Site((1.0,))
    parser = argparse.ArgumentParser(
        prog="python -m include.capacity",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--files", type=int, default=10_000, help="calls of a day")
    add("--audio-s", type=float, default=day.audio_s, help="mean seconds of a recording")
    add("--spread", type=float, default=day.spread, help="their standard deviation, as a share of the mean")
    add("--hosts", type=int, default=5, help="GPU hosts")
    add("--speeds", type=_listed, help="of the hosts, such as 1,1,0.5; the last holds for those that follow")
    add("--upload-s", type=float, default=times.upload_s, help="seconds of an upload")
    add("--stage-s", type=_listed, default="2", help=f"seconds of a call in each GPU stage, or in {_STAGES}")
    add("--rtf", type=_listed, default="0", help="further seconds per second of audio, in the same way")
    add("--llm1-s", type=float, default=times.llm_s[0], help="seconds of an answer to LLM1")
    add("--llm2-s", type=float, default=times.llm_s[1], help="seconds of an answer to LLM2")
    add("--slots", type=int, default=site.llm_slots, help="LLM requests in flight: the pool llm_api")
    add("--requests-per-task", type=int, default=site.llm_requests_per_task, help="of an LLM task")
    add("--gpu-tasks-per-host", type=int, default=site.gpu_tasks_per_host, help="at once")
    add("--uploads-at-once", type=int, default=site.uploads_at_once, help="to all hosts")
    add("--uploads-per-task", type=int, default=site.uploads_per_task, help="to one host")
    add("--shard-audio-s", type=float, default=site.shard_audio_s, help="audio seconds of a full shard")
    add(
        "--shards-per-host",
        type=int,
        default=site.shards_per_host,
        help="at most; larger days, larger shards",
    )
    add("--parallelism", type=int, help="tasks at once, where it is not as many as needed")
    add(
        "--round-task-s",
        type=float,
        default=site.round_task_s,
        help="what a waiting task adds to a round of the scheduler, in seconds",
    )
    add("--start-s", type=float, default=site.start_s, help="what Airflow takes to start a task, in seconds")
    add("--starts-per-s", type=float, default=site.starts_per_s, help="tasks that Airflow starts in a second")
    add("--fixed-s", type=float, default=site.fixed_s, help="seconds of a run besides, such as discovery")
    return parser


if __name__ == "__main__":
    sys.exit(main())
