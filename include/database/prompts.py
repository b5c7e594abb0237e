"""Learned prompts in cofi's database: the owner of their names and refusals, and the way between hosts."""

import re
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from include.calls.stage import Stage
from include.database.engine import insert_missing
from include.database.given import among
from include.database.locking import lock_calls, lock_names
from include.database.models import BatchCallRow, CallRow, LearnedPromptRow, StageResultRow
from include.database.work import StageJob, has_result, is_open
from include.errors import InvalidInput
from include.gpu.learned import PROMPT_NAME_PATTERN, LearnedPrompt

_SHORTEST_PREFIX = 4
# What people say is said of the prompt that stands for others, and which one that is may change meanwhile.
_STANDING = "which learned prompts stand for others"


@dataclass(frozen=True)
class ListedPrompt:
    """A learned prompt as people see it.

    Attributes:
        prompt: Without its fingerprint.
        host: Which learned it first.
        path: Of the recording that it can be listened to in; None when that call is unknown here.
        same_as: The prompt that stands for this one.
        decided_by: Who named or refused it last.
    """

    prompt: LearnedPrompt
    host: str
    path: str | None
    same_as: str | None
    decided_by: str | None


def listed(connection: Connection, *, replaced: bool = False) -> list[ListedPrompt]:
    """All learned prompts, those that most calls play first; with those that another stands for, if asked."""
    row = LearnedPromptRow
    columns = [column for column in row.__table__.columns if column.name != "fingerprint"]
    query = (
        select(*columns, CallRow.path)
        .outerjoin(CallRow, CallRow.call_id == row.call_id)
        .order_by(row.calls.desc(), row.prompt_id)
    )
    if not replaced:
        query = query.where(row.same_as.is_(None))
    return [
        ListedPrompt(_prompt(found), found.host, found.path, found.same_as, found.decided_by)
        for found in connection.execute(query)
    ]


def with_fingerprint(connection: Connection, prompt_id: str) -> LearnedPrompt:
    """A learned prompt, to send to a host."""
    query = select(LearnedPromptRow.__table__).where(LearnedPromptRow.prompt_id == prompt_id)
    found = connection.execute(query).one()
    return _prompt(found).model_copy(update={"fingerprint": b64encode(found.fingerprint).decode()})


def add(connection: Connection, prompt: LearnedPrompt, host: str) -> None:
    """Takes in what a host has learned; one that is there stays as it is."""
    values = prompt.model_dump(exclude={"fingerprint"})
    content = b64decode(prompt.fingerprint or "")
    insert_missing(connection, LearnedPromptRow, [{**values, "host": host, "fingerprint": content}])


def heard(connection: Connection, prompt: LearnedPrompt) -> None:
    """Keeps in how many calls a host has heard a prompt, and when last."""
    row = LearnedPromptRow
    more = update(row).where(row.prompt_id == prompt.prompt_id, row.calls < prompt.calls)
    connection.execute(more.values(calls=prompt.calls))
    later = update(row).where(row.prompt_id == prompt.prompt_id, row.heard_at < prompt.heard_at)
    connection.execute(later.values(heard_at=prompt.heard_at))


def replaced_by(connection: Connection, prompt_id: str, other: str) -> None:
    """Notes that a host takes another prompt for the same audio; of a pair one stands for both.

    Two hosts may each replace the one by the other at the same time: whoever comes first decides.
    """
    row = LearnedPromptRow
    lock_names(connection, [_STANDING])
    found = connection.execute(
        select(row.prompt_id, row.same_as).where(row.prompt_id.in_([prompt_id, other]))
    )
    stands = {one.prompt_id: one.same_as or one.prompt_id for one in found}
    own, for_both = stands.get(prompt_id, prompt_id), stands.get(other, other)
    if own == for_both:
        return
    # A chain would hide who stands for whom.
    connection.execute(
        update(row).where((row.prompt_id == own) | (row.same_as == own)).values(same_as=for_both)
    )


def name_prompt(connection: Connection, prompt_id: str, name: str, by: str) -> str:
    """Gives a prompt the name by which results and scorecards know it, from the next call on.

    Args:
        connection: To write.
        prompt_id: Or its beginning, of four characters or more.
        name: Letters, digits and `. _ - /`; several pieces of one announcement may have the same.
        by: Who says so.

    Returns:
        The whole id.

    Raises:
        InvalidInput: There is no such prompt, or several; or the name is none.
    """
    if not re.fullmatch(PROMPT_NAME_PATTERN, name) or len(name) > 80:
        raise InvalidInput(f"{name!r} cannot be a name: take letters, digits, and any of . _ - /.")
    return _decide(connection, prompt_id, by, name=name)


def refuse_prompt(connection: Connection, prompt_id: str, by: str, *, refused: bool = True) -> str:
    """Has a prompt cut out of no call any more, or again; arguments and errors as `name_prompt`."""
    return _decide(connection, prompt_id, by, refused=refused)


def hear_again(connection: Connection, job: StageJob, call_ids: Collection[str]) -> int:
    """Has calls of a shard heard again by the IVR stage, unless a later stage has built on what it found.

    Returns:
        How many wait for the stage again.
    """
    lock_calls(connection, call_ids)
    waiting = (
        select(CallRow.call_id)
        .join(BatchCallRow)
        .where(
            BatchCallRow.batch_id == job.batch_id,
            BatchCallRow.shard == job.shard,
            among(connection, CallRow.call_id, call_ids),
            is_open(job),
            ~has_result(Stage.LID),
        )
    )
    row = StageResultRow
    mine = update(row).where(
        row.call_id.in_(waiting), row.stage == Stage.IVR, row.host == job.host, row.superseded_at.is_(None)
    )
    return connection.execute(mine.values(superseded_at=datetime.now(UTC))).rowcount


def _decide(connection: Connection, prompt_id: str, by: str, **values: object) -> str:
    lock_names(connection, [_STANDING])
    whole = _whole_id(connection, prompt_id)
    changed = update(LearnedPromptRow).where(LearnedPromptRow.prompt_id == whole)
    connection.execute(changed.values(**values, decided_by=by, decided_at=datetime.now(UTC)))
    return whole


def _whole_id(connection: Connection, prompt_id: str) -> str:
    row = LearnedPromptRow
    begins = func.substr(row.prompt_id, 1, len(prompt_id)) == prompt_id
    found = connection.execute(select(row.prompt_id, row.same_as).where(begins).limit(2)).all()
    if len(prompt_id) < _SHORTEST_PREFIX or not found:
        raise InvalidInput(f"There is no learned prompt {prompt_id}: `cofi prompts learned` shows them.")
    if len(found) > 1:
        raise InvalidInput(f"Several learned prompts begin with {prompt_id}: write more of the id.")
    [(whole, same_as)] = found
    if same_as:
        raise InvalidInput(f"{whole} is the same audio as {same_as}, which stands for both: say it of that.")
    return str(whole)


def _prompt(row: Any) -> LearnedPrompt:
    known = {name: value for name, value in row._mapping.items() if name in LearnedPrompt.model_fields}
    return LearnedPrompt.model_validate({**known, "fingerprint": None})
