"""The `[cofi]` section of airflow.cfg as one frozen value; `AIRFLOW__COFI__<NAME>` overrides each line."""

import math
import os
from dataclasses import dataclass, fields
from datetime import time, timedelta
from functools import lru_cache
from pathlib import Path

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowConfigException

from include.calls.call import ChannelRole
from include.calls.days import EmptyDay
from include.calls.expected import LeastExpected
from include.calls.languages import read_languages
from include.calls.moments import DateOrder
from include.calls.recorders.loading import PLAIN, load_recorder
from include.calls.recorders.profile import Recorder
from include.calls.terms import Terms, read_columns, read_terms
from include.distribution.bandwidth import MIB
from include.errors import InvalidInput
from include.review.people import People, load_people

SECTION = "cofi"
_PREFIX = f"AIRFLOW__{SECTION.upper()}__"
# Numbers are 0 or more; these have another bound, are above 0, or shares.
_LEAST = {"promotion_max_false_auto_fails": -1} | dict.fromkeys(
    (
        *("gpu_attempts", "gpu_tasks_per_host", "recovery_rounds", "uploads_per_task", "uploads_at_once"),
        *("shards_per_host", "llm_requests_per_task", "llm_attempts", "webhook_requests"),
        "max_active_tasks",
    ),
    1,
)
_ABOVE_0 = frozenset(
    (
        *("gpu_connect_timeout_s", "gpu_stage_timeout_s", "gpu_health_every_s", "recovery_poll_s"),
        *("shard_audio_s", "max_duration_s", "llm_connect_timeout_s", "llm_read_timeout_s"),
        *("llm_total_timeout_s", "llm_longest_answer_mib", "webhook_timeout_s", "task_timeout_s"),
        *("run_timeout_h", "progress_log_s", "listening_mib"),
    )
)
_SHARES = frozenset(
    (
        *("promotion_min_accuracy", "promotion_min_kappa", "promotion_min_fail_recall"),
        *("promotion_min_auto_fail_recall", "review_below_confidence", "alarm_failed_share"),
        *("traced_calls_share", "alert_quarantined_share"),
    )
)
_WHY = {"recovery_rounds": "calls of a lost host would end as failed though others could do them"}


@dataclass(frozen=True)
class Settings:
    """What each field means, and its unit, stands beside its value in airflow.cfg."""

    timezone: str
    schedule: str
    recordings_location: str
    recorder: str
    recorders_folder: str
    recordings_layout: str
    min_age_s: float
    lookback_days: int
    expected_recordings_min: str
    empty_day: str
    manifest_name: str
    manifest_date_order: str
    stereo_roles: str
    min_duration_s: float
    max_duration_s: float
    languages: str
    vocabulary: str
    vocabulary_columns: str
    gpu_hosts: str
    gpu_connect_timeout_s: float
    gpu_stage_timeout_s: float
    gpu_attempts: int
    gpu_health_every_s: float
    gpu_busy_patience_s: float
    gpu_unready_patience_s: float
    gpu_lost_patience_s: float
    gpu_tasks_per_host: int
    gpu_hear_again: bool
    slow_host_gain_s: float
    recovery_rounds: int
    recovery_poll_s: float
    delete_from_hosts: bool
    uploads_per_task: int
    uploads_at_once: int
    upload_limit_mib_per_s: float
    shard_audio_s: float
    shards_per_host: int
    scorecard: str
    scorecards_folder: Path
    gold_labels: str
    promotion_min_calls: int
    promotion_min_accuracy: float
    promotion_min_kappa: float
    promotion_min_fail_recall: float
    promotion_min_auto_fail_recall: float
    promotion_max_false_auto_fails: int
    second_opinion: str
    second_opinion_on: str
    second_opinion_temperature: float
    review_below_confidence: float
    canary_calls: str
    llm_requests_per_task: int
    llm_connect_timeout_s: float
    llm_read_timeout_s: float
    llm_total_timeout_s: float
    llm_attempts: int
    llm_longest_wait_s: float
    llm_outage_patience_s: float
    llm_longest_answer_mib: float
    llm_requests_per_minute: float
    llm_tokens_per_minute: float
    llm_budget_per_run_usd: float
    llm_budget_per_day_usd: float
    llm_prices_file: Path
    llm_redact_pii: bool
    llm_name_models: str
    llm_names_kept: str
    webhook_schedule: str
    webhook_requests: int
    webhook_timeout_s: float
    webhook_retry_delays_min: str
    webhook_longest_wait_s: float
    webhook_keep_days: float
    webhook_allow_http: bool
    webhook_allow_private: bool
    task_timeout_s: float
    task_retries: int
    task_retry_delay_s: float
    max_active_tasks: int
    run_timeout_h: float
    close_runs_schedule: str
    close_runs_patience_h: float
    alarm_failed_share: float
    alert_email: str
    alert_chat: str
    alert_webhook: bool
    alert_deadline: str
    alert_quarantined_share: float
    alert_free_disk_gib: float
    progress_log_s: float
    traced_calls_share: float
    runs_folder: Path
    people: str
    agents_of_people: str
    listening_folder: Path
    listening_mib: float

    @classmethod
    def load(cls) -> "Settings":
        """All settings. airflow.cfg is read once in a process, and the environment whenever it has changed.

        Raises:
            InvalidInput: One is missing, of the wrong kind or out of bounds; the message names it.
        """
        variables = {name: text for name, text in os.environ.items() if name.startswith(_PREFIX)}
        return cls._in_environment(frozenset(variables.items()))

    @classmethod
    @lru_cache(maxsize=1)
    def _in_environment(cls, _environment: frozenset[tuple[str, str]]) -> "Settings":
        # A hundred options: read for each page, they take longer than the page.
        settings = cls(**{field.name: value_of(field.name, field.type) for field in fields(cls)})
        check_uploads(settings)
        return settings

    @property
    def upload_share_bytes_per_s(self) -> float:
        """The part of the bandwidth cap that one task of distribution has; 0 for no cap."""
        tasks = min(self.uploads_at_once // self.uploads_per_task, len(self.hosts))
        return self.upload_limit_mib_per_s * MIB / max(1, tasks)

    @property
    def hosts(self) -> list[str]:
        """Connection ids of the GPU hosts."""
        return _listed(self.gpu_hosts)

    @property
    def allowed_languages(self) -> list[str]:
        """ISO 639-1 codes; empty for any.

        Raises:
            InvalidInput: One is none.
        """
        return read_languages(self.languages)

    @property
    def terms(self) -> Terms:
        """Names and terms as hints for speech recognition.

        Raises:
            InvalidInput: One is none, they are too many, or a column is none that gives hints.
        """
        return Terms(
            read_terms(self.vocabulary, f"[{SECTION}] vocabulary"),
            read_columns(self.vocabulary_columns, f"[{SECTION}] vocabulary_columns"),
        )

    @property
    def alert_addresses(self) -> list[str]:
        """Who gets alerts by mail."""
        return _listed(self.alert_email)

    @property
    def alerts_are_on(self) -> bool:
        """Whether any place for alerts is set."""
        return bool(self.alert_email or self.alert_chat or self.alert_webhook)

    @property
    def needed_by(self) -> timedelta | None:
        """The time of day by which the day before has to be audited; None for none."""
        said = self.alert_deadline.strip()
        if not said:
            return None
        try:
            at = time.fromisoformat(said)
        except ValueError as error:
            raise InvalidInput(
                f"[{SECTION}] alert_deadline = {said}: write a time of day like 08:00."
            ) from error
        return timedelta(hours=at.hour, minutes=at.minute)

    @property
    def names_kept(self) -> tuple[str, ...]:
        """Names that are no secrets."""
        return tuple(_listed(self.llm_names_kept))

    @property
    def least_expected(self) -> LeastExpected | None:
        """The least recordings of a day; None for any number."""
        return LeastExpected.parse(self.expected_recordings_min)

    @property
    def on_empty_day(self) -> EmptyDay:
        """What a day without recordings, or with few, does to its run."""
        return EmptyDay.parse(self.empty_day)

    @property
    def roles_of_stereo(self) -> tuple[ChannelRole, ...]:
        """Roles of a stereo call's channels where nothing else says; empty when nobody may guess."""
        try:
            roles = tuple(ChannelRole(role) for role in _listed(self.stereo_roles))
        except ValueError as error:
            raise InvalidInput(
                f"[{SECTION}] stereo_roles = {self.stereo_roles}: {error}; the roles are "
                f"{', '.join(ChannelRole)}."
            ) from error
        if len(roles) not in (0, 2):
            raise InvalidInput(
                f"[{SECTION}] stereo_roles = {self.stereo_roles}: name two, of the left and "
                "the right channel, or none."
            )
        return roles

    @property
    def recorder_profile(self) -> Recorder:
        """What the recordings are.

        Raises:
            InvalidInput: There is no such recorder, or its file is wrong.
        """
        folder = Path(self.recorders_folder) if self.recorders_folder else None
        recorder = load_recorder(self.recorder, folder)
        return recorder.laid_out(self.recordings_layout) if recorder.id == PLAIN else recorder

    @property
    def order_of_dates(self) -> DateOrder | None:
        """What 03/04/2026 means in manifests; None to read no such cell."""
        order = self.manifest_date_order.strip().upper()
        try:
            return DateOrder(order) if order else None
        except ValueError as error:
            raise InvalidInput(
                f"[{SECTION}] manifest_date_order = {order}: write {', '.join(DateOrder)} or nothing."
            ) from error

    @property
    def webhook_retry_delays_s(self) -> tuple[float, ...]:
        """From each failed attempt of an event to the next."""
        try:
            return tuple(60 * float(minutes) for minutes in _listed(self.webhook_retry_delays_min))
        except ValueError as error:
            raise InvalidInput(
                f"[{SECTION}] webhook_retry_delays_min = {self.webhook_retry_delays_min}: "
                "write minutes, like 5, 30, 120."
            ) from error

    @property
    def known_people(self) -> People:
        """Which agents users are.

        Raises:
            InvalidInput: The file cannot be read, or a line is wrong.
        """
        return load_people(Path(self.agents_of_people) if self.agents_of_people else None)

    @property
    def scorecards(self) -> list[str]:
        """Names of the scorecards that can be asked for."""
        return sorted(path.stem for path in self.scorecards_folder.glob("*.yaml"))


def value_of(name: str, kind: object) -> object:
    """A setting's value as it holds now.

    Raises:
        InvalidInput: It is missing, of another kind, or out of bounds.
    """
    text = conf.get(SECTION, name, fallback=None)
    if text is None:
        raise InvalidInput(
            f"airflow.cfg has no [{SECTION}] {name}: add it, or set AIRFLOW__COFI__{name.upper()}."
        )
    try:
        value = conf.getboolean(SECTION, name) if kind is bool else kind(text)  # type: ignore[operator]
    except (ValueError, AirflowConfigException) as error:
        raise InvalidInput(
            f"[{SECTION}] {name} = {text} is not of the kind {kind.__name__}: correct it."  # type: ignore[attr-defined]
        ) from error
    if kind in (int, float):
        _check_bounds(name, value)
    return value


def _check_bounds(name: str, value: float) -> None:
    if name in _SHARES:
        holds, wanted = 0 <= value <= 1, "a share from 0 to 1"
    elif name in _ABOVE_0:
        holds, wanted = value > 0, "a number above 0"
    else:
        least = _LEAST.get(name, 0)
        holds, wanted = value >= least, f"{least} or more"
    if not (holds and math.isfinite(value)):
        why = f", or {_WHY[name]}" if name in _WHY else ""
        raise InvalidInput(f"[{SECTION}] {name} = {value:g}: enter {wanted}{why}.")


def check_uploads(settings: Settings) -> None:
    """Refuses uploads that no task would ever begin.

    Raises:
        InvalidInput: One task may have more uploads than there may be at all.
    """
    if settings.uploads_per_task > settings.uploads_at_once:
        # Airflow would let such a task wait for ever.
        raise InvalidInput(
            f"[{SECTION}] uploads_per_task = {settings.uploads_per_task} is more than "
            f"uploads_at_once = {settings.uploads_at_once}: lower the one or raise the other."
        )


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
