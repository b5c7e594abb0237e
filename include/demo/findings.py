"""What the demo's audit came to beside what is known of the sample calls."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, func, select

from include.calls.call import CallState
from include.calls.stage import GPU_STAGES
from include.calls.transcript import Transcript
from include.database.models import (
    AnswerRow,
    AuditRow,
    CallRow,
    LlmResultRow,
    StageResultRow,
    TranscriptRow,
)
from include.demo.evaluation import (
    Agreements,
    CallKey,
    GoldCall,
    agreement,
    load_gold,
    normalise,
    reference_text,
    word_error_rate,
)

SCRIPTS = Path(__file__).parent / "sample_calls" / "scripts"


@dataclass(frozen=True)
class Findings:
    """How right the audit was.

    Attributes:
        wer: Word error rate by language; a language without an audited call is missing.
        languages_right: Calls whose language was identified, of all with speech and a transcript.
        agreements: Answers that are the gold ones.
        not_audited: Sample calls with a conversation that were not audited.
    """

    wer: dict[str, float]
    languages_right: int
    transcribed: int
    agreements: Agreements
    not_audited: list[str]

    def lines(self) -> list[str]:
        """For a terminal."""
        rates = ", ".join(f"{language} {rate:.1%}" for language, rate in sorted(self.wer.items()))
        total = self.agreements.total
        share = f"{total.share:.1%}" if total.share is not None else "none"
        lines = [
            f"Transcripts: word error rate {rates} against the known texts of {self.transcribed} calls; "
            f"language right in {self.languages_right} of {self.transcribed}",
            f"Answers: {share} agree with the known right ones "
            f"({total.agreed} agree, {total.differed} differ, {total.unanswered} undetermined)",
        ]
        for criterion, counted in self.agreements.by_criterion.items():
            of = counted.agreed + counted.differed + counted.unanswered
            lines.append(f"  {criterion:<28}{counted.agreed:>3} of {of}")
        if self.not_audited:
            lines.append(f"Not audited: {', '.join(self.not_audited)}")
        return lines


def findings_of(connection: Connection, days: list[date]) -> Findings:
    """Compares transcripts and answers of these days with the scripts of the sample calls."""
    gold = {key: call for key, call in load_gold(SCRIPTS).items() if call.day in days}
    texts, heard_languages = _transcripts(connection, days)
    spoken = {key: call for key, call in gold.items() if call.turns and key in texts}
    answers = _answers(connection, days)
    conversations = {key: call for key, call in gold.items() if call.answers}
    return Findings(
        wer=_rates(spoken, texts),
        languages_right=sum(heard_languages[key] == call.language for key, call in spoken.items()),
        transcribed=len(spoken),
        agreements=agreement({k: c for k, c in conversations.items() if k in answers}, answers),
        not_audited=[f"{day} {file}" for day, file in conversations if (day, file) not in answers],
    )


def new_work(connection: Connection, batch_ids: list[str]) -> tuple[int, int]:
    """GPU results and LLM answers that these batches made themselves."""
    gpu = select(func.count()).where(
        StageResultRow.batch_id.in_(batch_ids), StageResultRow.stage.in_(GPU_STAGES)
    )
    llm = select(func.count()).where(LlmResultRow.batch_id.in_(batch_ids))
    return connection.execute(gpu).scalar_one(), connection.execute(llm).scalar_one()


def _rates(gold: Mapping[CallKey, GoldCall], texts: Mapping[CallKey, str]) -> dict[str, float]:
    by_language: dict[str, list[CallKey]] = defaultdict(list)
    for key, call in gold.items():
        if call.language:
            by_language[call.language].append(key)
    return {
        language: word_error_rate(
            [normalise(reference_text(gold[key]), language) for key in keys],
            [normalise(texts[key], language) for key in keys],
        )
        for language, keys in by_language.items()
    }


def _transcripts(
    connection: Connection, days: list[date]
) -> tuple[dict[CallKey, str], dict[CallKey, str | None]]:
    query = (
        select(CallRow.day, CallRow.path, TranscriptRow.transcript, TranscriptRow.language)
        .join(TranscriptRow, TranscriptRow.call_id == CallRow.call_id)
        .where(CallRow.day.in_(days))
    )
    rows = connection.execute(query).all()
    texts = {(row.day, row.path): Transcript.model_validate(row.transcript).text for row in rows}
    return texts, {(row.day, row.path): row.language for row in rows}


def _answers(connection: Connection, days: list[date]) -> dict[CallKey, dict[str, str]]:
    query = (
        select(CallRow.day, CallRow.path, AnswerRow.criterion_id, AnswerRow.answer)
        .join(AuditRow, AuditRow.call_id == CallRow.call_id)
        .join(AnswerRow, AnswerRow.audit_id == AuditRow.audit_id)
        .where(CallRow.day.in_(days), CallRow.state == CallState.AUDITED, AuditRow.superseded_at.is_(None))
    )
    answers: dict[CallKey, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(query):
        answers[row.day, row.path][row.criterion_id] = row.answer
    return dict(answers)
