"""The one error tree of cofi, named by what a retry does.

`TransientError`: the same request may succeed later. `PermanentError`: it will not, so nobody retries.
Every message names the item and says what to do about it. `kind` is what the failures table, the report
and the metrics group by; Airflow's retry policy maps from this tree in `plugins/cofi/retries.py`.
"""


class CofiError(Exception):
    """Root of every error that cofi raises on purpose.

    Attributes:
        of_the_stage: It is not about one call: others would fare no better, so the stage of the shard ends.
    """

    kind = "error"
    of_the_stage = False


class TransientError(CofiError):
    """May succeed when tried again.

    Args:
        message: What happened, and what to do if it goes on.
        retry_after_s: The wait that the other side asked for, if it did.
    """

    kind = "transient"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CallsPutOff(TransientError):
    """A task did what it could; some calls failed for now, and its next try takes them up."""

    kind = "calls_put_off"


class HostBusy(TransientError):
    """A GPU host is at its capacity (429)."""

    kind = "host_busy"


class HostUnready(HostBusy):
    """A GPU host is not ready (503): it loads its engines, or somebody takes it out of service."""

    kind = "host_unready"


class HostLost(TransientError):
    """A GPU host does not answer at all, and not when it is asked for its health either.

    Args:
        message: What happened.
        at_work: Whether it was lost while it worked on this request, which it may have died of.
    """

    kind = "host_lost"

    def __init__(self, message: str, *, at_work: bool = False) -> None:
        super().__init__(message)
        self.at_work = at_work


class HostMisconfigured(HostLost):
    """What answers at a GPU host's address is not that host, or lets nobody in: a person has to mend it.

    Credentials, routes, proxies, certificates, protocols. No call is the cause, so all go to other hosts.
    """

    kind = "host_misconfigured"


class NoHostReady(HostLost):
    """No GPU host is ready. No host died of a call, so that this kind is not counted against any."""

    kind = "no_host_ready"


class HostFailing(TransientError):
    """A GPU host answers, but fails one call after the other: it is not the calls."""

    kind = "host_failing"


class HostFault(TransientError):
    """A GPU host answered with a 5xx, or with something that is not its protocol, or broke off."""

    kind = "host_fault"


class RecordingMissing(TransientError):
    """A GPU host has not, or not any more, the recording that it is to work on: it is sent again."""

    kind = "recording_missing"


class StoreFault(TransientError):
    """A recording cannot be read from its store at the moment."""

    kind = "store_fault"


class LlmBusy(TransientError):
    """The LLM API refuses for load (429, 503, 529)."""

    kind = "llm_busy"


class LlmLost(TransientError):
    """The LLM API does not answer: refused, reset, 5xx."""

    kind = "llm_lost"


class LlmLate(LlmLost):
    """The LLM API does not answer in time."""

    kind = "llm_late"


class LlmDown(TransientError):
    """The LLM API has answered nothing for so long that the task gives up."""

    kind = "llm_down"
    of_the_stage = True


class EventRefused(TransientError):
    """The webhook's receiver did not take an event.

    Args:
        message: Why.
        status: Of its answer; None when there was none.
        retry_after_s: The wait that it asked for, if it did.
    """

    kind = "event_refused"

    def __init__(
        self, message: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.status = status


class ReceiverLost(TransientError):
    """The webhook's receiver takes nothing at the moment; its events wait."""

    kind = "receiver_lost"


class PermanentError(CofiError):
    """Fails again however often it is tried."""

    kind = "permanent"


class InvalidInput(PermanentError):
    """A Param, setting, manifest or scorecard is wrong; the message names it and says what to enter."""

    kind = "invalid_input"


class NotForYou(PermanentError):
    """Somebody may not do this: it is their own call, their own review, or another one's turn."""

    kind = "not_for_you"


class TooLate(PermanentError):
    """Somebody else was faster, or what they want to change has ended."""

    kind = "too_late"


class BelowTheBar(PermanentError):
    """A scorecard version agrees too little with the gold labels to be promoted."""

    kind = "below_the_bar"


class HostKiller(PermanentError):
    """A GPU host died twice while it worked on this recording. It is quarantined."""

    kind = "host_killer"


class RecordingUnusable(PermanentError):
    """A recording cannot be audited: broken, empty, not audio, too large. It is quarantined."""

    kind = "recording_unusable"


class RowRefused(PermanentError):
    """The database refuses what came of a call: too long, too large, no text. The others are stored."""

    kind = "row_refused"


class RecordingChanged(PermanentError):
    """A recording is not the one that was discovered; the next run finds what is there."""

    kind = "recording_changed"


class RequestRefused(PermanentError):
    """The LLM API refuses this request for good (400, 404, 413, 422). A GPU host refuses recordings only."""

    kind = "request_refused"


class LlmUnusable(PermanentError):
    """The LLM API refuses whatever it is asked: a wrong key, URL or model, no credit left."""

    kind = "llm_unusable"
    of_the_stage = True


class AnswerInvalid(PermanentError):
    """The LLM's answer does not fit its schema, and a repair did not mend it.

    Args:
        message: What is wrong with the answer.
        raw_answer: The answer as it came, kept for the engineer in the failures table.
    """

    kind = "answer_invalid"

    def __init__(self, message: str, *, raw_answer: str = "") -> None:
        super().__init__(message)
        self.raw_answer = raw_answer


class AnswerRefused(AnswerInvalid):
    """The model, or a content filter before or behind it, refuses to answer; it will refuse again."""

    kind = "answer_refused"


class ReceiverGone(PermanentError):
    """The webhook's receiver answers 410: it wants no more events, so it gets none."""

    kind = "receiver_gone"


class DeadLetters(PermanentError):
    """Events failed for the last time; somebody has to look, and may replay them."""

    kind = "dead_letters"


class BudgetReached(PermanentError):
    """The run, or all runs of the day, have paid what they may for the LLM: no new request is made."""

    kind = "budget_reached"


class NearlyAllFailed(PermanentError):
    """So many calls of a run failed that the cause cannot be the calls."""

    kind = "nearly_all_failed"


class DayIncomplete(PermanentError):
    """A run did all that it could, but its day has no recordings, or fewer than it should have."""

    kind = "day_incomplete"


class RunStopped(PermanentError):
    """A run was stopped from outside before its end: marked as failed, timed out, or deleted."""

    kind = "run_stopped"


class RunFailed(PermanentError):
    """A run failed by its books, which were closed before."""

    kind = "run_failed"


class LedgerOpen(PermanentError):
    """Calls of a run ended in no final state: the run may not pass as done."""

    kind = "ledger_open"
