"""A day's calls in a SQLite database, one row at a time."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select

from include.calls.call import CallState, call_id_for
from include.calls.days import DayState, Verdict
from include.calls.stage import LLM_STAGES, STAGES, Stage
from include.database.engine import Database
from include.database.models import (
    AnswerRow,
    AuditRow,
    BatchCallRow,
    BatchDayRow,
    BatchRow,
    CallRow,
    FailureRow,
    LlmResultRow,
    LlmSpendingRow,
    ScorecardRow,
    StageResultRow,
    TranscriptRow,
)
from include.scorecards.assessment import Standing
from include.scorecards.schema import Scorecard

DAY = date(2026, 3, 2)
OPENED_AT = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
LLM_HOST = "gateway"


def _yes_no(no_fails: str = "none") -> list[dict[str, Any]]:
    return [
        {"key": "yes", "label": "Yes", "score": 1},
        {"key": "no", "label": "No", "score": 0, "auto_fail": no_fails},
    ]


SCORECARD = Scorecard.model_validate(
    {
        "id": "contact_centre",
        "version": "3",
        "title": "Contact centre",
        "language": "en",
        "pass_threshold_pct": 75,
        "bands": [{"name": "good", "min_pct": 75}, {"name": "poor", "min_pct": 0}],
        "sections": [
            {"id": "law", "title": "Law", "weight": 2},
            {"id": "service", "title": "Service", "weight": 1},
        ],
        "criteria": [
            {
                "id": "verified",
                "section": "law",
                "text": "Customer verified before account data",
                "options": _yes_no("form"),
                "weight": 1,
                "severity": "critical",
                "answered_by": "llm",
            },
            {
                "id": "closing",
                "section": "service",
                "text": "Proper closing",
                "options": _yes_no(),
                "weight": 1,
                "na_allowed": True,
                "answered_by": "llm",
            },
            {
                "id": "dead_air",
                "section": "service",
                "text": "Dead air at most 20 s",
                "options": _yes_no(),
                "weight": 1,
                "answered_by": "metric",
                "metric": {"field": "longest_dead_air_s", "op": "le", "value": 20},
            },
        ],
    }
)


class SeededDay:
    """Writes rows as the stages would."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def batch(self, batch_id: str, *, wall_s: float | None = 3600, looked_for: bool = True) -> None:
        closed_at = OPENED_AT + timedelta(seconds=wall_s) if wall_s is not None else None
        row = {"batch_id": batch_id, "day": DAY, "location": "file:///calls", "params": {}, "ledger": None}
        self.insert(BatchRow, **row, opened_at=OPENED_AT, closed_at=closed_at)
        if looked_for:
            self.day(batch_id)

    def day(
        self,
        batch_id: str,
        day: date = DAY,
        state: DayState = DayState.OK,
        verdict: Verdict = Verdict.OK,
        *,
        recordings: int = 0,
        told: str | None = None,
    ) -> None:
        row = {"state": state, "verdict": verdict, "recordings": recordings, "problem": told}
        self.insert(BatchDayRow, batch_id=batch_id, day=day, **row)

    def call(
        self,
        batch_id: str,
        path: str,
        state: CallState = CallState.AUDITED,
        *,
        reason: str | None = None,
        host: str | None = "gpu-1",
        duration_s: float | None = 120.0,
        agent: str | None = None,
        queue: str | None = None,
        language: str | None = None,
    ) -> str:
        call_id = call_id_for(DAY, path)
        self.insert(
            CallRow,
            call_id=call_id,
            day=DAY,
            path=path,
            uri=f"file:///calls/{path}",
            size_bytes=1,
            duration_s=duration_s,
            state=state,
            state_reason=reason,
            agent=agent,
            queue=queue,
            channel_roles=[],
            extra={},
            discovered_at=OPENED_AT,
            changed_at=OPENED_AT,
        )
        self.account(batch_id, call_id, host)
        if language:
            row = {"sha256": "t" * 64, "language": language, "transcript": {}, "created_at": OPENED_AT}
            self.insert(TranscriptRow, call_id=call_id, **row)
        return call_id

    def account(self, batch_id: str, call_id: str, host: str | None = "gpu-1") -> None:
        shard = None if host is None else 1
        self.insert(BatchCallRow, batch_id=batch_id, call_id=call_id, shard=shard, host=host)

    def stages(
        self, batch_id: str, call_id: str, host: str = "gpu-1", *, at_s: float = 0.0, seconds: float = 2.0
    ) -> None:
        """One result for each stage, 10 s apart, from `at_s` after the opening on."""
        for place, stage in enumerate(STAGES):
            worker = LLM_HOST if stage in LLM_STAGES else host
            self.result(batch_id, call_id, stage, worker, at_s=at_s + 10 * place, seconds=seconds)

    def result(
        self, batch_id: str, call_id: str, stage: Stage, host: str, *, at_s: float, seconds: float = 2.0
    ) -> None:
        self.insert(
            StageResultRow,
            call_id=call_id,
            stage=stage,
            batch_id=batch_id,
            host=host,
            engine=f"{stage}-engine 1.0 (cpu)",
            seconds=seconds,
            result={},
            created_at=OPENED_AT + timedelta(seconds=at_s),
        )

    def failure(
        self, batch_id: str, call_id: str | None, stage: Stage, host: str = "gpu-1", kind: str = "host_busy"
    ) -> None:
        row = {"attempt": 1, "message": f"{host} is busy: wait", "raw_answer": None, "failed_at": OPENED_AT}
        self.insert(FailureRow, batch_id=batch_id, call_id=call_id, stage=stage, host=host, kind=kind, **row)

    def llm(self, batch_id: str, call_id: str, *, model: str = "model-a", **changed: Any) -> str:
        """One answer of llm2; returns its identity."""
        row = {
            "identity": sha256(f"{call_id} {model}".encode()).hexdigest(),
            "call_id": call_id,
            "stage": Stage.LLM2,
            "model": model,
            "prompt_sha256": "p" * 64,
            "transcript_sha256": "t" * 64,
            "prompt_tokens": 1000,
            "completion_tokens": 200,
            "cached_tokens": 400,
            "cost_usd": 0.002,
            "latency_s": 4.0,
            "attempts": 1,
            "repaired": False,
            "redactions": {},
            "answer": {},
            "batch_id": batch_id,
            "created_at": OPENED_AT,
        } | changed
        self.insert(LlmResultRow, **row)
        self.spent(batch_id, call_id, row["cost_usd"], model)
        return str(row["identity"])

    def spent(self, batch_id: str, call_id: str, usd: float | None, model: str = "model-a") -> None:
        """An answer of llm2 that has to be paid for, of use or not."""
        tokens = {"prompt_tokens": 1000, "completion_tokens": 200, "cached_tokens": 400}
        row = {"stage": Stage.LLM2, "model": model, "cost_usd": usd, "paid_at": OPENED_AT, **tokens}
        self.insert(LlmSpendingRow, batch_id=batch_id, call_id=call_id, **row)

    def audit(
        self,
        batch_id: str,
        call_id: str,
        pct: float | None,
        answers: dict[str, str],
        *,
        evidence: dict[str, list[dict[str, Any]]] | None = None,
        doubts: dict[str, str] | None = None,
        not_auditable: str | None = None,
        identity: str = "unknown",
        superseded: bool = False,
        scorecard: Scorecard = SCORECARD,
    ) -> None:
        """An audit with `criterion: answer`; what is in doubt fails nothing."""
        doubts = doubts or {}
        fails = {c: self._auto_fail(scorecard, c, a) for c, a in answers.items() if c not in doubts}
        reasons = [f"{criterion}: {doubt}" for criterion, doubt in doubts.items()]
        reasons += [not_auditable] if not_auditable else []
        self._use(scorecard)
        audit_id = sha256(f"{batch_id} {call_id}".encode()).hexdigest()[:36]
        self.insert(
            AuditRow,
            audit_id=audit_id,
            call_id=call_id,
            batch_id=batch_id,
            scorecard_sha256=scorecard.sha256,
            transcript_sha256="t" * 64,
            llm_identity=identity,
            pct=pct,
            band=scorecard.band(pct) if pct is not None else None,
            passed=pct >= scorecard.pass_threshold_pct if pct is not None else None,
            auto_failed=any(fail != "none" for fail in fails.values()),
            needs_review=bool(reasons),
            review_reasons=reasons,
            sections=[],
            created_at=OPENED_AT,
            superseded_at=OPENED_AT if superseded else None,
        )
        for criterion_id, answer in answers.items():
            criterion = scorecard.criterion(criterion_id)
            option = criterion.option(answer)
            standing = self._standing(answer, doubted=criterion_id in doubts)
            counts = standing is Standing.COUNTED
            self.insert(
                AnswerRow,
                audit_id=audit_id,
                criterion_id=criterion_id,
                answer=answer,
                answered_by=criterion.answered_by,
                justification=f"because of {answer}",
                standing=standing,
                earned=option.score if option and counts else 0,
                potential=criterion.potential if counts else 0,
                auto_fail=fails.get(criterion_id, "none"),
                review_reasons=[doubts[criterion_id]] if criterion_id in doubts else [],
                evidence=(evidence or {}).get(criterion_id, []),
            )

    @staticmethod
    def _standing(answer: str, *, doubted: bool) -> Standing:
        if answer == "NA":
            return Standing.NOT_APPLICABLE
        if answer == "CANNOT_DETERMINE":
            return Standing.UNDETERMINED
        return Standing.UNSUPPORTED if doubted else Standing.COUNTED

    @staticmethod
    def _auto_fail(scorecard: Scorecard, criterion_id: str, answer: str) -> str:
        option = scorecard.criterion(criterion_id).option(answer)
        return option.auto_fail.value if option else "none"

    def insert(self, table: Any, **values: Any) -> None:
        with self.database.writing() as connection:
            connection.execute(insert(table).values(**values))

    def _use(self, scorecard: Scorecard) -> None:
        with self.database.reading() as connection:
            known = connection.scalar(
                select(ScorecardRow.sha256).where(ScorecardRow.sha256 == scorecard.sha256)
            )
        if known is None:
            row = {"scorecard": scorecard.model_dump(mode="json"), "first_used_at": OPENED_AT}
            self.insert(
                ScorecardRow,
                sha256=scorecard.sha256,
                scorecard_id=scorecard.id,
                version=scorecard.version,
                **row,
            )
