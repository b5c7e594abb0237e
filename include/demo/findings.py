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
from include.database.models import AuditRow, CallRow, LlmResultRow, StageResultRow, TranscriptRow
from include.database.scorecards import given_answers
from include.delivery.agreement import agreement_lines
from include.demo.evaluation import normalise, stored_text, word_error_rate
from include.demo.sample_calls.script import CallScript, load_scripts
from include.scorecards.agreement import Agreements, measure
from include.scorecards.gold import CallKey, load_labels
from include.scorecards.loading import SHIPPED_SCORECARD, load_scorecard

SAMPLES = Path(__file__).parent / "sample_calls"


@dataclass(frozen=True)
class Findings:
    """How right the audit was.

    Attributes:
        wer: Word error rate by language; a language without an audited call is missing.
        languages_right: Calls whose language was identified, of all with speech and a transcript.
        agreements: Of the answers with the gold labels.
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
        share = f"{total.accuracy:.1%}" if total.accuracy is not None else "none"
        lines = [
            f"Transcripts: word error rate {rates} against the known texts of {self.transcribed} calls; "
            f"language right in {self.languages_right} of {self.transcribed}",
            f"Answers: {share} agree with the known right ones "
            f"({total.agreed} of {total.labelled}, {total.undetermined} undetermined)",
            *agreement_lines(self.agreements),
        ]
        if self.not_audited:
            lines.append(f"Not audited: {', '.join(self.not_audited)}")
        return lines


def findings_of(connection: Connection, days: list[date]) -> Findings:
    """Compares transcripts and answers of these days with the scripts of the sample calls."""
    scripts = {(s.day, s.file): s for s in load_scripts(SAMPLES / "scripts") if s.day in days}
    labels = {key: of for key, of in load_labels(SAMPLES / "gold.csv").items() if key in scripts}
    texts, heard_languages = _transcripts(connection, days)
    spoken = {key: script for key, script in scripts.items() if script.turns and key in texts}
    counting = (CallRow.state == CallState.AUDITED, AuditRow.superseded_at.is_(None))
    answers = given_answers(connection, labels, *counting)
    return Findings(
        wer=_rates(spoken, texts),
        languages_right=sum(heard_languages[key] == script.language for key, script in spoken.items()),
        transcribed=len(spoken),
        agreements=measure(labels, answers, load_scorecard(SHIPPED_SCORECARD)),
        not_audited=[f"{day} {file}" for day, file in labels if (day, file) not in answers],
    )


def new_work(connection: Connection, batch_ids: list[str]) -> tuple[int, int]:
    """GPU results and LLM answers that these batches made themselves."""
    gpu = select(func.count()).where(
        StageResultRow.batch_id.in_(batch_ids), StageResultRow.stage.in_(GPU_STAGES)
    )
    llm = select(func.count()).where(LlmResultRow.batch_id.in_(batch_ids))
    return connection.execute(gpu).scalar_one(), connection.execute(llm).scalar_one()


def _rates(scripts: Mapping[CallKey, CallScript], texts: Mapping[CallKey, str]) -> dict[str, float]:
    by_language: dict[str, list[CallKey]] = defaultdict(list)
    for key, script in scripts.items():
        if script.language:
            by_language[script.language].append(key)
    return {
        language: word_error_rate(
            [normalise(stored_text(scripts[key]), language) for key in keys],
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
