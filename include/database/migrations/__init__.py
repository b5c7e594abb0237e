"""Schema migrations (alembic); `upgrade(url)` brings a database to the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from include.database.engine import open_engine


def upgrade(url: str) -> None:
    """Creates or migrates the tables of the database at `url`; nothing happens when it is up to date."""
    command.upgrade(config(url), "head")


def is_current(url: str) -> bool:
    """Whether the database has the tables of this version."""
    engine = open_engine(url)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    engine.dispose()
    return set(found) == set(ScriptDirectory.from_config(config(url)).get_heads())


def config(url: str) -> Config:
    """Alembic's configuration without an ini file: the URL comes from Airflow's connection."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["url"] = url
    return configuration
