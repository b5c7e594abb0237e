"""A database as version 0005 left it: three calls of a demo run, and card data wherever it could be.

`version_0005.json` holds the rows as they were, without the scorecard's text. One of the calls is the sample
in which a customer reads a card number aloud. An agent who asks for the code too, and a model, a host and
keys that repeat both, are added here.
"""

import json
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import JSON, Boolean, Connection, inspect, text

from include.calls.transcript import Transcript
from include.database.engine import open_engine
from include.database.migrations import config

Rows = dict[str, list[dict[str, Any]]]
NUMBER, CODE = "5105105105105100", "987"
CARD = "20261116-8ab2178ff463b1de42f0"
BROKEN = "20261116-6b080c8854e68a89fe4f"
CARD_MASK, CODE_MASK = "[card number ending 5100]", "[card security code]"
SAID = "The number is 5-105-1051-0510-5100."
WRITTEN = "The customer read 5105 1051 0510 5100 and the code 987 aloud."
IN_WORDS = "five one oh five, one oh five one, oh five one oh, five one oh oh"


def rows() -> Rows:
    """All rows by table, with the traces."""
    made: Rows = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    _say_the_code(made)
    audit = next(row for row in made["audits"] if row["call_id"] == CARD)
    audit["review_reasons"] = [f"closing: {SAID}"]
    # As the quote of a suspicion is cut: in the middle of the number.
    quote = "With my credit card, I have it right here. The number is 5-105-1051"
    audit["speaks_to_model"] = [{"turn_id": "t6", "start_ms": 31172, "attempt": "role", "quote": quote}]
    answers = {row["criterion_id"]: row for row in made["answers"] if row["audit_id"] == audit["audit_id"]}
    closing = answers["closing"]
    closing["evidence"] = [
        closing["evidence"][0] | {"quote": SAID, "turn_id": "t6", "status": "fuzzy"},
        closing["evidence"][0] | {"quote": "987.", "turn_id": "t17"},
    ]
    closing["justification"], closing["review_reasons"] = WRITTEN, [f'no evidence: "{SAID}"']
    answers["no_abuse"]["absence"] = {"searched": "abuse", "statement": f"He says: {IN_WORDS}."}
    for result in (row for row in made["llm_results"] if row["call_id"] == CARD):
        if result["stage"] == "llm1":
            result["answer"]["summary"]["issue"] = WRITTEN
        else:
            given = result["answer"]["reply"]["answers"]["closing"]
            given["evidence"] = [{"turn_id": "t6", "speaker": "customer", "quote": SAID}]
            result["answer"]["reply"]["overall_comment"] = f"Not good: {IN_WORDS}"
    for result in (row for row in made["stage_results"] if row["call_id"] == CARD):
        if result["stage"] == "ivr":
            result["result"]["segments"] = [_keyed("1", 0), _keyed(f"{NUMBER}#", 5000), _keyed(CODE, 9000)]
        if result["stage"] == "stt":  # as a host's answer of before the tables
            turns = next(row for row in made["transcripts"] if row["call_id"] == CARD)["transcript"]["turns"]
            result["result"]["turns"] = json.loads(json.dumps(turns))
    failure = made["failures"][0]
    lost = {"id": 2, "stage": "stt", "kind": "bug", "message": f"ValueError: {SAID}", "raw_answer": IN_WORDS}
    made["failures"].append(failure | lost | {"call_id": CARD})
    made["failures"].append(failure | lost | {"id": 3, "call_id": None, "message": f"input {NUMBER}"})
    broken = next(row for row in made["calls"] if row["call_id"] == BROKEN)
    broken["state_reason"] = f"stt: {NUMBER}"
    made["batch_calls"][0]["state_reason"] = f"stt: {SAID}"
    event = next(row for row in made["webhook_outbox"] if row["call_id"] == CARD)
    event["payload"]["data"]["reason"] = f"stt: ValueError: {SAID}"
    event["last_error"] = f"400: cannot take {NUMBER}"
    return made


def load(url: str, stored: Rows) -> None:
    """Makes the tables of version 0005 and fills them."""
    command.upgrade(config(url), "0005")
    engine = open_engine(url)
    with engine.begin() as connection:
        for table, its_rows in stored.items():
            for row in its_rows:
                _insert(connection, table, row)
    engine.dispose()


def dumped(url: str) -> Rows:
    """All rows of all tables that the fixture fills, in order of their keys, without what 0006 adds."""
    engine = open_engine(url)
    found: Rows = {}
    with engine.connect() as connection:
        for table in rows():
            kinds = {column["name"]: column["type"] for column in inspect(connection).get_columns(table)}
            keys = ", ".join(inspect(connection).get_pk_constraint(table)["constrained_columns"])
            found[table] = []
            for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY {keys}")).mappings():
                values = dict(row)
                for name, kind in kinds.items():
                    if isinstance(kind, JSON) and isinstance(values[name], str):
                        values[name] = json.loads(values[name])
                found[table].append(values)
    engine.dispose()
    return found


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    postgres = connection.dialect.name == "postgresql"
    kinds = {column["name"]: column["type"] for column in inspect(connection).get_columns(table)}
    values, places = {}, []
    for name, value in row.items():
        is_json = isinstance(kinds[name], JSON)
        places.append(f"CAST(:{name} AS JSONB)" if is_json and postgres else f":{name}")
        values[name] = json.dumps(value) if is_json else value
        if isinstance(kinds[name], Boolean) and value is not None:
            values[name] = bool(value)
        elif postgres and name.endswith("_at") and value is not None:
            values[name] = f"{value}+00:00"
    connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(places)})"), values)


def _say_the_code(made: Rows) -> None:
    row = next(row for row in made["transcripts"] if row["call_id"] == CARD)
    last = row["transcript"]["turns"][-1] | {"words": [], "start_ms": 68000, "end_ms": 70000}
    row["transcript"]["turns"] += [
        last | {"id": "t16", "speaker": "agent", "text": "And the three digits on the back?"},
        last | {"id": "t17", "speaker": "customer", "channel": 1, "text": f"{CODE}."},
    ]
    row["sha256"] = Transcript.model_validate(row["transcript"]).sha256
    for table in ("audits", "llm_results"):
        for referring in (one for one in made[table] if one["call_id"] == CARD):
            referring["transcript_sha256"] = row["sha256"]


def _keyed(label: str, start_ms: int) -> dict[str, Any]:
    span = {"start_ms": start_ms, "end_ms": start_ms + 900}
    return {**span, "kind": "dtmf", "confidence": 0.9, "label": label, "channel": 1}
