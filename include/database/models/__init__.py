"""The tables of cofi's own database.

    calls ─┬─ batch_calls ── batches          which run works on which call, in which shard, on which host
           │              └── batch_days      what a run found of its day, and of days before it
           │              └── runs            what a run owes until its books are closed
           ├─ stage_results                   one row per success; superseded rows are history
           ├─ failures                        every attempt that failed; never mixed with results
           ├─ lanes                           the stage tasks of shards: what they have in flight
           ├─ transcripts                     what STT heard, in original time
           ├─ new_transcripts                 the same of calls that are done again, until all is done
           │    └── indexed_calls ── spoken   its words by speaker, for searches; see saved_searches
           ├─ llm_results                     one row per answer that was paid for, by request identity
           ├─ llm_spending                    what every answer of the LLM API cost
           ├─ call_facts ── call_reasons, …   what LLM1 found out; also call_signals, _commitments, _entities
           ├─ audits ── answers               the scored scorecard; scorecards keeps each version's text
           ├─ canaries                        what a run answered about calls whose right answers are known
           ├─ call_accesses                   who read and heard it, and when; answered_requests: of pages
           ├─ trend_scores, trend_answers     the same counted by day, for weeks of a long history
           ├─ machine_days, machine_answers   what the machine alone said, by day: certified rates need it
           ├─ review_items ── review_draws    what people should listen to, and which rule says so
           │              └── review_answers  every answer of a person; reviewed_answers and
           │                                  reviewed_scores are what stands for an audit by them
           ├─ disputes                        agents' objections; calibration_sessions, …_calls, …_people,
           │                                  …_answers score nothing; review_events tell who did what
           └─ webhook_outbox                  one event per final state and run, written in its transaction
    alerts                                   alerts that were sent to people, by event
    learned_prompts                          what calls repeat, as hosts learned it, and what people say of it

Times are UTC. JSON columns are JSONB on PostgreSQL.
"""

from include.database.columns import Base
from include.database.models.access import CallAccessRow
from include.database.models.audits import (
    AnswerRow,
    AuditRow,
    CanaryRow,
    LlmResultRow,
    LlmSpendingRow,
    ScorecardRow,
)
from include.database.models.events import AlertRow, OutboxRow
from include.database.models.facts import (
    CallCommitmentRow,
    CallEntityRow,
    CallFactsRow,
    CallReasonRow,
    CallSignalRow,
)
from include.database.models.prompts import LearnedPromptRow
from include.database.models.requests import AnsweredRequestRow
from include.database.models.review import (
    CalibrationAnswerRow,
    CalibrationCallRow,
    CalibrationPersonRow,
    CalibrationSessionRow,
    DisputeRow,
    ReviewAnswerRow,
    ReviewDrawRow,
    ReviewedAnswerRow,
    ReviewedScoreRow,
    ReviewEventRow,
    ReviewFrameRow,
    ReviewItemRow,
)
from include.database.models.searching import IndexedCallRow, SavedSearchRow, SpokenRow
from include.database.models.trends import (
    MachineAnswerRow,
    MachineDayRow,
    TrendAnswerRow,
    TrendScoreRow,
)
from include.database.models.work import (
    BatchCallRow,
    BatchDayRow,
    BatchRow,
    CallRow,
    FailureRow,
    LaneRow,
    NewTranscriptRow,
    RunRow,
    StageResultRow,
    TranscriptRow,
)

__all__ = [
    "AlertRow",
    "AnswerRow",
    "AnsweredRequestRow",
    "AuditRow",
    "Base",
    "BatchCallRow",
    "BatchDayRow",
    "BatchRow",
    "CalibrationAnswerRow",
    "CalibrationCallRow",
    "CalibrationPersonRow",
    "CalibrationSessionRow",
    "CallAccessRow",
    "CallCommitmentRow",
    "CallEntityRow",
    "CallFactsRow",
    "CallReasonRow",
    "CallRow",
    "CallSignalRow",
    "CanaryRow",
    "DisputeRow",
    "FailureRow",
    "IndexedCallRow",
    "LaneRow",
    "LearnedPromptRow",
    "LlmResultRow",
    "LlmSpendingRow",
    "MachineAnswerRow",
    "MachineDayRow",
    "NewTranscriptRow",
    "OutboxRow",
    "ReviewAnswerRow",
    "ReviewDrawRow",
    "ReviewEventRow",
    "ReviewFrameRow",
    "ReviewItemRow",
    "ReviewedAnswerRow",
    "ReviewedScoreRow",
    "RunRow",
    "SavedSearchRow",
    "ScorecardRow",
    "SpokenRow",
    "StageResultRow",
    "TranscriptRow",
    "TrendAnswerRow",
    "TrendScoreRow",
]
