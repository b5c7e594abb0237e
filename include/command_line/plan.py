"""`cofi plan`: how long a day takes on a site, what holds it up, and what to set."""

from collections.abc import Callable
from typing import Annotated

import typer
from typer import BadParameter, Option

from include.calls.stage import GPU_STAGES
from include.capacity.advice import advise
from include.capacity.site import Day, ServiceTimes, Site
from include.capacity.wording import advice_text
from include.command_line.numbers import MOST, above_0, at_least_0
from include.command_line.output import AsJson, example, give
from include.errors import InvalidInput

_DAY, _TIMES, _SITE = Day(1), ServiceTimes(), Site((1.0,))
_STAGES = ", ".join(GPU_STAGES)
_MOST_HOSTS = 10_000


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "plan",
        epilog=example("cofi plan --files 10000 --hosts 20 --stage-s 2 --llm1-s 5 --llm2-s 10 --slots 100"),
        rich_help_panel="Before you begin",
    )(plan)


def plan(
    files: Annotated[int, Option(min=1, max=MOST, help="Calls of a day.")] = 10_000,
    audio_s: Annotated[float, Option(parser=above_0, help="Mean seconds of a recording.")] = _DAY.audio_s,
    spread: Annotated[
        float, Option(parser=at_least_0, help="Their standard deviation, as a share of the mean.")
    ] = _DAY.spread,
    hosts: Annotated[int, Option(min=1, max=_MOST_HOSTS, help="GPU hosts.")] = 5,
    speeds: Annotated[
        str, Option(help="Of the hosts, such as 1,1,0.5; the last holds for those that follow.")
    ] = "1",
    upload_s: Annotated[float, Option(parser=at_least_0, help="Seconds of an upload.")] = _TIMES.upload_s,
    stage_s: Annotated[str, Option(help=f"Seconds of a call in each GPU stage, or in {_STAGES}.")] = "2",
    rtf: Annotated[str, Option(help="Further seconds per second of audio, in the same way.")] = "0",
    llm1_s: Annotated[
        float, Option("--llm1-s", parser=at_least_0, help="Seconds of an answer to LLM1.")
    ] = _TIMES.llm_s[0],
    llm2_s: Annotated[
        float, Option("--llm2-s", parser=at_least_0, help="Seconds of an answer to LLM2.")
    ] = _TIMES.llm_s[1],
    slots: Annotated[
        int, Option(min=1, max=MOST, help="LLM requests in flight: the pool llm_api.")
    ] = _SITE.llm_slots,
    requests_per_task: Annotated[
        int, Option(min=1, max=MOST, help="Of an LLM task.")
    ] = _SITE.llm_requests_per_task,
    gpu_tasks_per_host: Annotated[int, Option(min=1, max=MOST, help="At once.")] = _SITE.gpu_tasks_per_host,
    uploads_at_once: Annotated[int, Option(min=1, max=MOST, help="To all hosts.")] = _SITE.uploads_at_once,
    uploads_per_task: Annotated[int, Option(min=1, max=MOST, help="To one host.")] = _SITE.uploads_per_task,
    shard_audio_s: Annotated[
        float, Option(parser=above_0, help="Audio seconds of a full shard.")
    ] = _SITE.shard_audio_s,
    shards_per_host: Annotated[
        int, Option(min=1, max=MOST, help="At most; larger days, larger shards.")
    ] = _SITE.shards_per_host,
    parallelism: Annotated[
        int | None, Option(min=1, max=MOST, help="Tasks at once, where it is not as many as needed.")
    ] = None,
    round_task_s: Annotated[
        float,
        Option(parser=at_least_0, help="What a waiting task adds to a round of the scheduler, in seconds."),
    ] = _SITE.round_task_s,
    start_s: Annotated[
        float, Option(parser=at_least_0, help="Seconds that Airflow takes to start a task.")
    ] = _SITE.start_s,
    starts_per_s: Annotated[
        float, Option(parser=above_0, help="Tasks that Airflow starts in a second.")
    ] = _SITE.starts_per_s,
    fixed_s: Annotated[
        float, Option(parser=at_least_0, help="Seconds of a run besides, such as discovery.")
    ] = _SITE.fixed_s,
    as_json: AsJson = False,
) -> None:
    """Tell how long a day takes, what holds it up, and what to set.

    The times of the document that cofi replaces hold where nothing else is given.
    """
    speeds_given = _numbers("--speeds", speeds, above_0, "above 0")
    day = Day(files, audio_s, spread)
    times = ServiceTimes(
        upload_s, _of_stages("--stage-s", stage_s), _of_stages("--rtf", rtf), (llm1_s, llm2_s)
    )
    site = Site(
        speeds=tuple((speeds_given + speeds_given[-1:] * hosts)[:hosts]),
        gpu_tasks_per_host=gpu_tasks_per_host,
        uploads_at_once=uploads_at_once,
        uploads_per_task=uploads_per_task,
        llm_slots=slots,
        llm_requests_per_task=requests_per_task,
        parallelism=parallelism,
        shard_audio_s=shard_audio_s,
        shards_per_host=shards_per_host,
        round_task_s=round_task_s,
        start_s=start_s,
        starts_per_s=starts_per_s,
        fixed_s=fixed_s,
    )
    advice = advise(day, times, site)
    give(advice, lambda: advice_text(day, site, advice), as_json)


def _of_stages(option: str, text: str) -> tuple[float, float, float, float]:
    """One figure for all four GPU stages, or one for each."""
    figures = _numbers(option, text, at_least_0, "of 0 or more")
    if len(figures) not in (1, len(GPU_STAGES)):
        raise InvalidInput(f"{len(figures)} figures for the GPU stages: enter one, or four ({_STAGES}).")
    denoise, ivr, lid, stt = figures * (len(GPU_STAGES) // len(figures))
    return denoise, ivr, lid, stt


def _numbers(option: str, text: str, figure: Callable[[str], float], kind: str) -> list[float]:
    try:
        return [figure(one) for one in text.split(",")]
    except BadParameter as error:
        raise InvalidInput(
            f"{option} is {text[:50]}: enter numbers {kind} with commas between, like 1,1,0.5."
        ) from error
