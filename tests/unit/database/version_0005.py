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
SAID_MASKED = f"The number is {CARD_MASK}."
WRITTEN_MASKED = f"The customer read {CARD_MASK} and the code {CODE_MASK} aloud."
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


def one(stored: Rows, table: str, **where: object) -> dict[str, Any]:
    [found] = [row for row in stored[table] if where.items() <= row.items()]
    return found


def without_card_data(stored: Rows) -> Rows:
    """The rows as they must be, from those that were stored: every masked field by its name."""
    made: Rows = json.loads(json.dumps(stored, default=str))
    transcript = one(made, "transcripts", call_id=CARD)
    six, code = transcript["transcript"]["turns"][5], transcript["transcript"]["turns"][16]
    _mask_turn(six, f"With my credit card, I have it right here. {SAID_MASKED}", [33852, 38972], "CARD")
    _mask_turn(code, f"{CODE_MASK}.", [68000, 69500], "CVV")
    transcript["sha256"] = Transcript.model_validate(transcript["transcript"]).sha256
    for row in (row for table in ("audits", "llm_results") for row in made[table] if row["call_id"] == CARD):
        row["transcript_sha256"] = transcript["sha256"]
    audit = one(made, "audits", call_id=CARD)
    audit["review_reasons"] = [f"closing: {SAID_MASKED}"]
    audit["speaks_to_model"][0]["quote"] = (
        f"With my credit card, I have it right here. The number is {CARD_MASK}"
    )
    closing = one(made, "answers", audit_id=audit["audit_id"], criterion_id="closing")
    closing["evidence"][0]["quote"], closing["evidence"][1]["quote"] = SAID_MASKED, CODE_MASK
    closing["justification"] = WRITTEN_MASKED
    closing["review_reasons"] = [f'no evidence: "{SAID_MASKED}"']
    absent = one(made, "answers", audit_id=audit["audit_id"], criterion_id="no_abuse")
    absent["absence"]["statement"] = f"He says: {CARD_MASK}."
    one(made, "llm_results", call_id=CARD, stage="llm1")["answer"]["summary"]["issue"] = WRITTEN_MASKED
    reply = one(made, "llm_results", call_id=CARD, stage="llm2")["answer"]["reply"]
    reply["answers"]["closing"]["evidence"][0]["quote"] = SAID_MASKED
    reply["overall_comment"] = f"Not good: {CARD_MASK}"
    keyed = one(made, "stage_results", call_id=CARD, stage="ivr")["result"]["segments"]
    keyed[1]["label"], keyed[2]["label"] = "16 digits keyed", "3 digits keyed"
    heard = one(made, "stage_results", call_id=CARD, stage="stt")["result"]
    heard["turns"] = transcript["transcript"]["turns"]
    failures = {row["id"]: row for row in made["failures"]}
    failures[2] |= {"message": f"ValueError: {SAID_MASKED}", "raw_answer": CARD_MASK}
    failures[3] |= {"message": f"input {CARD_MASK}", "raw_answer": CARD_MASK}
    one(made, "calls", call_id=BROKEN)["state_reason"] = f"stt: {CARD_MASK}"
    first = rows()["batch_calls"][0]
    shared = one(made, "batch_calls", call_id=first["call_id"], batch_id=first["batch_id"])
    shared["state_reason"] = f"stt: {SAID_MASKED}"
    event = one(made, "webhook_outbox", call_id=CARD)
    event["payload"]["data"]["reason"] = f"stt: ValueError: {SAID_MASKED}"
    event["last_error"] = f"400: cannot take {CARD_MASK}"
    return made


def load(url: str, stored: Rows, revision: str = "0005") -> None:
    """Makes the tables of a version and fills them."""
    command.upgrade(config(url), revision)
    engine = open_engine(url)
    with engine.begin() as connection:
        for table, its_rows in stored.items():
            kinds = {column["name"]: column["type"] for column in inspect(connection).get_columns(table)}
            for row in its_rows:
                _insert(connection, table, kinds, row)
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


def _insert(connection: Connection, table: str, kinds: dict[str, Any], row: dict[str, Any]) -> None:
    postgres = connection.dialect.name == "postgresql"
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


def _mask_turn(turn: dict[str, Any], masked: str, heard_ms: list[int], kind: str) -> None:
    turn["text"] = masked
    for word, said in zip(turn["words"][-5:], [CARD_MASK, "•", "•", "•", "•."], strict=False):
        word["text"] = said
    mark = {"kind": kind, "certain": True, "reason": "", "start_ms": heard_ms[0], "end_ms": heard_ms[1]}
    turn["card_data"] = [mark]
