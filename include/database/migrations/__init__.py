"""Schema migrations (alembic); `upgrade(url)` brings a database to the newest."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from include.database.engine import open_engine
from include.database.migrations.card_data.leftovers import remove_leftovers
from include.database.migrations.card_data.reports import mask_reports
from include.database.migrations.card_data.rows import recollect

# What is no part of a model: what full-text searches use (see `include.database.models.SpokenRow`).
_BESIDE_MODELS = re.compile(r"spoken_words(_\w+)?|vector|ix_spoken_vector")
# The revision that masks what older versions have stored.
_MASKS = "0006"


def upgrade(url: str, reports: Path | None = None, say: Callable[[str], None] = print) -> None:
    """Creates or migrates the tables of the database at `url`; nothing happens when it is up to date.

    Args:
        url: Of the database.
        reports: Folder of the reports of earlier runs: card data is masked there too.
        say: Told what was masked, moved and deleted.
    """
    configuration = config(url)
    configuration.attributes["reports"] = reports
    command.upgrade(configuration, "head")
    remove_leftovers(url)
    masked = configuration.attributes.get("masked")
    if masked is not None:
        say(_told(masked))
        if reports is None:
            say("Reports of earlier runs were not looked at: name their folder, [cofi] runs_folder.")
    if moved := configuration.attributes.get("moved"):
        say(_moved(moved))


def clean_reports(url: str, folder: Path) -> int:
    """Masks card data in the reports below a folder; returns how many files were changed."""
    engine = open_engine(url)
    with engine.connect() as connection:
        changed = mask_reports(folder, partial(recollect, connection))
    engine.dispose()
    return changed


def may_quote_in_reports(url: str) -> bool:
    """Whether an older version has audited calls there, with card data unmasked: reports may quote it.

    Quotes are found by the transcripts, which `upgrade` masks: afterwards it is too late for what is no card
    number by itself.
    """
    engine = open_engine(url)
    with engine.connect() as connection:
        done = MigrationContext.configure(connection).get_current_revision()
        audited = done and connection.execute(text("SELECT 1 FROM audits LIMIT 1")).scalar()
    engine.dispose()
    if not audited:
        return False
    script = ScriptDirectory.from_config(config(url))
    return _MASKS not in {revision.revision for revision in script.iterate_revisions(done, "base")}


def is_current(url: str) -> bool:
    """Whether the database has the tables of this version."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    engine.dispose()
    return frozenset(found) == _heads()


@cache
def _heads() -> frozenset[str]:
    """Of the revisions that this version has; finding them executes every one's file."""
    return frozenset(ScriptDirectory.from_config(config("")).get_heads())


def is_of_models(_: object, name: str | None, *further: object) -> bool:
    """Whether a thing of the database is described by a model: alembic's `include_object`."""
    return not _BESIDE_MODELS.fullmatch(name or "")


def config(url: str) -> Config:
    """Alembic's configuration without an ini file: the URL comes from Airflow's connection."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["url"] = url
    return configuration


def _told(masked: Counter[str]) -> str:
    counts = ", ".join(f"{count} in {table}" for table, count in sorted(masked.items()) if table != "reports")
    files = masked["reports"]
    return (
        f"Card data of earlier runs, masked rows: {counts or 'none'}; masked report files: {files or 'none'}."
    )


def _moved(moved: Counter[str]) -> str:
    return (
        f"Facts of calls in tables of their own: {moved['call_facts']}; agents' moods and lists of "
        f"violations deleted from {moved['llm_results']} answers and {moved['failures']} failed attempts."
    )
