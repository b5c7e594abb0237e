"""What was deleted is not in the file of a database any more, nor beside it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import MetaData, Table, make_url, text
from sqlalchemy.schema import SetTableComment

from include.database.engine import open_engine
from include.database.migrations import is_current, upgrade
from include.database.migrations.card_data import leftovers
from tests.card_data_search import in_figures
from tests.unit.database.version_0005 import CARD_MASK, NUMBER

# As the recogniser wrote it, as the added rows say it, and a part of it.
TELLING = f"{in_figures(NUMBER)}|five one oh five|105-1051"


@pytest.mark.long
def test_the_number_is_in_no_byte(old: str) -> None:
    if not old.startswith("sqlite"):
        pytest.skip("the files of PostgreSQL are its own: see where its tables lie")
    assert re.search(TELLING, bytes_of(old))
    upgrade(old)
    assert CARD_MASK in bytes_of(old)
    assert not re.search(TELLING, bytes_of(old))


@pytest.mark.long
def test_deleted_bytes_go_also_when_the_first_try_is_killed_before_it(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("include.database.migrations.remove_leftovers", killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade(old)
    assert is_current(old)
    assert owed(old)
    before = place_on_disk(old)
    upgrade(old)
    assert not owed(old)
    assert place_on_disk(old) != before


@pytest.mark.parametrize("own", ["Ours: ask Ana's team, 100 % :safe", "Two\nlines"])
def test_a_comment_that_somebody_wrote_on_the_table_stays(
    old: str, monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    if old.startswith("sqlite"):
        pytest.skip("SQLite has no comments")
    comment = "SELECT obj_description('alembic_version'::regclass, 'pg_class')"
    engine = open_engine(old)
    with engine.begin() as connection:
        connection.execute(SetTableComment(Table("alembic_version", MetaData(), comment=own)))
    engine.dispose()
    with monkeypatch.context() as patched:
        patched.setattr("include.database.migrations.remove_leftovers", lambda _: None)
        upgrade(old)
    assert str(asked(old, comment)).startswith(own + "\nto be written anew: ")
    upgrade(old)
    assert asked(old, comment) == own


@pytest.mark.long
def test_a_reader_in_the_way_is_told_and_the_next_start_goes_on(
    old: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if not old.startswith("sqlite"):
        pytest.skip("on PostgreSQL the command waits")
    monkeypatch.setattr(leftovers, "_CHECKPOINT_TRIES", 1)
    monkeypatch.setattr(leftovers, "_PATIENCE_MS", 10)
    reader = open_engine(old)
    with reader.execution_options(read_only=True).connect() as connection:
        connection.execute(text("SELECT * FROM transcripts")).fetchone()
        upgrade(old)
    reader.dispose()
    assert "Somebody reads the database" in caplog.text
    assert owed(old)
    upgrade(old)
    assert not owed(old)
    assert not re.search(in_figures(NUMBER), bytes_of(old))


def bytes_of(url: str) -> str:
    """The file of a database, its log and what else lies beside it."""
    file = Path(make_url(url).database or "")
    parts = [path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*"))]
    return b"".join(parts).decode(errors="replace")


def owed(url: str) -> object:
    postgres = "SELECT obj_description('alembic_version'::regclass, 'pg_class')"
    return asked(url, "PRAGMA user_version" if url.startswith("sqlite") else postgres)


def place_on_disk(url: str) -> object:
    """Another one once the table was written anew."""
    if url.startswith("sqlite"):
        return asked(url, "PRAGMA freelist_count"), asked(url, "PRAGMA page_count")
    return asked(url, "SELECT pg_relation_filenode('transcripts')")


def asked(url: str, question: str) -> object:
    engine = open_engine(url)
    with engine.connect() as connection:
        answer = connection.execute(text(question)).scalar()
    engine.dispose()
    return answer
