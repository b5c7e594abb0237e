"""The tables of cofi's database, and a picture of what refers to what."""

import inspect
from collections import defaultdict
from functools import cache

from sqlalchemy import Table

from include.database.models import Base

_BOX_PX, _ROW_PX, _GAP_PX, _LAYER_PX = 176, 26, 10, 250


def page() -> str:
    """A section for each table: what it is for, its columns, what they refer to."""
    parts = [
        "# Tables\n",
        "cofi's own database, on SQLite and PostgreSQL. Times are UTC; `json` is JSONB on PostgreSQL. "
        "Migrations (`cofi db migrate`) make them; read them as you like, write them only through cofi.\n",
        "![What refers to what](database.svg)\n",
    ]
    for mapper in sorted(Base.registry.mappers, key=lambda one: one.local_table.name):
        table = mapper.local_table
        assert isinstance(table, Table)
        parts += [f"## `{table.name}`\n", f"{inspect.cleandoc(mapper.class_.__doc__ or '')}\n"]
        parts += ["| column | type | |", "| --- | --- | --- |"]
        parts += [f"| `{column.name}` | {_type(column)} | {_told(column)} |" for column in table.columns]
        parts.append("")
    return "\n".join(parts)


def _type(column: object) -> str:
    kind = getattr(column, "type").__class__.__name__.lower()  # noqa: B009
    return {"utcdatetime": "time", "double": "number", "biginteger": "integer", "string": "text"}.get(
        kind, kind
    )


def _told(column: object) -> str:
    told = ["key"] if getattr(column, "primary_key", False) else []
    told += [f"of `{key.target_fullname}`" for key in getattr(column, "foreign_keys", ())]
    told += ["may be empty"] if getattr(column, "nullable", False) else []
    return ", ".join(told)


def picture() -> str:
    """Tables from left to right: each stands right of all that it refers to."""
    layers: dict[int, list[str]] = defaultdict(list)
    for name in sorted(Base.metadata.tables):
        layers[_depth(name)].append(name)
    places = {
        name: (depth * _LAYER_PX + 10, row * (_ROW_PX + _GAP_PX) + 10)
        for depth, names in layers.items()
        for row, name in enumerate(names)
    }
    width = 20 + _BOX_PX + _LAYER_PX * max(layers)
    height = 20 + max(len(names) for names in layers.values()) * (_ROW_PX + _GAP_PX)
    lines = [_line(places[name], places[other]) for name in places for other in sorted(_referred(name))]
    boxes = [_box(name, x, y) for name, (x, y) in places.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="Tables, and what refers to what">\n'
        + "\n".join([*lines, *boxes])
        + "\n</svg>\n"
    )


def _referred(name: str) -> set[str]:
    keys = Base.metadata.tables[name].foreign_keys
    return {key.column.table.name for key in keys} - {name}


@cache
def _depth(name: str) -> int:
    return max((1 + _depth(other) for other in _referred(name)), default=0)


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0], start[1] + _ROW_PX / 2
    to_x, to_y = end[0] + _BOX_PX, end[1] + _ROW_PX / 2
    bend = (x - to_x) / 2
    return (
        f'<path d="M{x} {y} C{x - bend} {y} {to_x + bend} {to_y} {to_x} {to_y}" fill="none" '
        f'stroke="#8a97a6" stroke-opacity="0.55"/>'
    )


def _box(name: str, x: int, y: int) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{_BOX_PX}" height="{_ROW_PX}" rx="6" fill="#e3edf8" stroke="#3a6ea6"/>'
        f'<text x="{x + 10}" y="{y + 17}" fill="#1f2932">{name}</text>'
    )
