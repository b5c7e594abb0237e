"""alembic's entry: connects to the URL that `config` carries."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from include.database.columns import UtcDateTime
from include.database.engine import open_engine
from include.database.migrations import is_of_models
from include.database.models import CallRow


def _render(kind: str, value: object, _: AutogenContext) -> str | Literal[False]:
    """Names cofi's own column types in new migrations."""
    if isinstance(value, UtcDateTime):
        return "UtcDateTime"
    return "Json" if kind == "type" and isinstance(value, JSON) else False


engine = open_engine(context.config.attributes["url"])
with engine.begin() as connection:
    context.configure(
        connection=connection,
        target_metadata=CallRow.metadata,
        render_as_batch=True,
        render_item=_render,
        include_object=is_of_models,
    )
    context.run_migrations()
engine.dispose()
