"""Schema migrations (alembic); `upgrade(url)` brings a database to the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(url: str) -> None:
    """Creates or migrates the tables of the database at `url`; nothing happens when it is up to date."""
    command.upgrade(config(url), "head")


def config(url: str) -> Config:
    """Alembic's configuration without an ini file: the URL comes from Airflow's connection."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["url"] = url
    return configuration
