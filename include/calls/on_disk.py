"""Collections that lie on disk when they are large: a million files take no more memory than 20,000.

Each is then a private temporary database of SQLite, which its file system forgets as soon as it is opened:
nothing of it is left behind, however the process ends.
"""

import pickle  # nosec B403
import sqlite3
import weakref
from collections.abc import ItemsView, Iterable, Iterator, MutableMapping, Sequence, ValuesView
from itertools import islice
from threading import Lock
from typing import Any, Generic, TypeVar, overload

# A collection of no more values stays in memory: on disk, a night is discovered in twice the time.
_IN_MEMORY = 20_000
# Of one on disk, so much is kept in memory.
_CACHE_KIB = 512
_ROWS_AT_ONCE = 500

Value = TypeVar("Value")
_Row = tuple[str, int, Any]


class _InMemory:
    """Values in order of their keys' code points; numbers tell equal keys apart."""

    def __init__(self) -> None:
        self._values: dict[str, dict[int, Any]] = {}
        self._count = 0

    def put(self, key: str, n: int, value: object) -> None:
        """Sets a value; one of the same key and number is replaced."""
        of_key = self._values.setdefault(key, {})
        self._count += n not in of_key
        of_key[n] = value

    def of(self, key: str) -> list[Any]:
        """The values of a key, in order of their numbers."""
        of_key = self._values.get(key, {})
        return [of_key[n] for n in sorted(of_key)]

    def has(self, key: str) -> bool:
        return key in self._values

    def remove(self, key: str) -> None:
        self._count -= len(self._values.pop(key, {}))

    def after(self, key: str, n: int) -> list[_Row]:
        """The rows that come next."""
        return [row for row in self.rows() if row[:2] > (key, n)]

    def rows(self) -> list[_Row]:
        """All of them."""
        return [(key, n, of_key[n]) for key, of_key in sorted(self._values.items()) for n in sorted(of_key)]

    def at(self, place: int) -> list[Any]:
        """The value at a place, or none."""
        return [value for _, _, value in self.rows()[place : place + 1]]

    def count(self) -> int:
        return self._count


class _OnDisk:
    """The same, in a database's one table."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        self._unwritten: list[tuple[bytes, int, bytes | None]] = []
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        for statement in (
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "CREATE TABLE kept (key BLOB, n INTEGER, value BLOB, PRIMARY KEY (key, n)) WITHOUT ROWID",
            "BEGIN",
        ):
            self._database.execute(statement)
        for row in rows:
            self.put(*row)

    def put(self, key: str, n: int, value: object) -> None:
        self._unwritten.append((_key(key), n, _written(value)))
        if len(self._unwritten) >= _ROWS_AT_ONCE:
            self._write()

    def of(self, key: str) -> list[Any]:
        found = self._ask("SELECT value FROM kept WHERE key = ? ORDER BY n", _key(key))
        return [_read(value) for (value,) in found]

    def has(self, key: str) -> bool:
        return bool(self._ask("SELECT 1 FROM kept WHERE key = ? LIMIT 1", _key(key)))

    def remove(self, key: str) -> None:
        self._ask("DELETE FROM kept WHERE key = ?", _key(key))

    def after(self, key: str, n: int) -> list[_Row]:
        """Some of the rows that come next."""
        rest = "SELECT key, n, value FROM kept WHERE (key, n) > (?, ?) ORDER BY key, n LIMIT ?"
        found = self._ask(rest, _key(key), n, _ROWS_AT_ONCE)
        return [(_text(key), n, _read(value)) for key, n, value in found]

    def at(self, place: int) -> list[Any]:
        found = self._ask("SELECT value FROM kept ORDER BY key, n LIMIT 1 OFFSET ?", place)
        return [_read(value) for (value,) in found]

    def count(self) -> int:
        return int(self._ask("SELECT count(*) FROM kept")[0][0])

    def _ask(self, statement: str, *values: object) -> list[Any]:
        self._write()
        return self._database.execute(statement, values).fetchall()

    def _write(self) -> None:
        if self._unwritten:
            self._database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", self._unwritten)
            self._unwritten.clear()


class _Table:
    """Values that lie in memory as long as they are few. Several threads may use it at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: _InMemory | _OnDisk = _InMemory()

    def put(self, key: str, n: int, value: object) -> None:
        with self._lock:
            self._kept.put(key, n, value)
            if isinstance(self._kept, _InMemory) and self._kept.count() > _IN_MEMORY:
                self._kept = _OnDisk(self._kept.rows())

    def of(self, key: str) -> list[Any]:
        with self._lock:
            return self._kept.of(key)

    def has(self, key: str) -> bool:
        with self._lock:
            return self._kept.has(key)

    def remove(self, key: str) -> None:
        with self._lock:
            self._kept.remove(key)

    def at(self, place: int) -> list[Any]:
        with self._lock:
            return self._kept.at(place)

    def count(self) -> int:
        with self._lock:
            return self._kept.count()

    def rows(self) -> Iterator[tuple[str, Any]]:
        """All, in order; those that are added or removed meanwhile may be among them or not."""
        last: tuple[str, int] = "", -1
        while some := self._after(*last):
            yield from ((key, value) for key, _, value in some)
            last = some[-1][:2]

    def _after(self, key: str, n: int) -> list[_Row]:
        with self._lock:
            return self._kept.after(key, n)


class DiskDict(MutableMapping[str, Value], Generic[Value]):
    """A mapping of texts, in order of its keys. Several threads may use it at once."""

    def __init__(self, items: Iterable[tuple[str, Value]] = ()) -> None:
        self._table = _Table()
        self.add_all(items)

    def add_all(self, items: Iterable[tuple[str, Value]]) -> None:
        """Sets many."""
        for key, value in items:
            self._table.put(key, 0, value)

    def __getitem__(self, key: str) -> Value:
        found: list[Value] = self._table.of(key)
        if not found:
            raise KeyError(key)
        return found[0]

    def __contains__(self, key: object) -> bool:
        return self._table.has(str(key))

    def __setitem__(self, key: str, value: Value) -> None:
        self._table.put(key, 0, value)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._table.remove(key)

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._table.rows())

    def __len__(self) -> int:
        return self._table.count()

    def items(self) -> ItemsView[str, Value]:
        """The items, read many at once."""
        return _Items(self)

    def values(self) -> ValuesView[Value]:
        """The values, read many at once."""
        return _Values(self)

    def rows(self) -> Iterator[tuple[str, Value]]:
        """Keys and values."""
        return self._table.rows()


class _Items(ItemsView[str, Value]):
    _mapping: DiskDict[Value]

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return self._mapping.rows()


class _Values(ValuesView[Value]):
    _mapping: DiskDict[Value]

    def __iter__(self) -> Iterator[Value]:
        return (value for _, value in self._mapping.rows())


class DiskList(Sequence[Value], Generic[Value]):
    """Values in order of a key that is given with each; those of the same key as they came."""

    def __init__(self, values: Iterable[tuple[str, Value]] = ()) -> None:
        self._table = _Table()
        self._added = 0
        self.add_all(values)

    def add(self, key: str, value: Value) -> None:
        """Adds one."""
        self._added += 1
        self._table.put(key, self._added, value)

    def add_all(self, values: Iterable[tuple[str, Value]]) -> None:
        """Adds many, each with its key."""
        for key, value in values:
            self.add(key, value)

    def of(self, key: str) -> list[Value]:
        """The values of a key."""
        return self._table.of(key)

    def has(self, key: str) -> bool:
        """Whether there is a value of a key."""
        return self._table.has(key)

    def remove(self, key: str) -> None:
        """Removes the values of a key."""
        self._table.remove(key)

    def pairs(self) -> Iterator[tuple[str, Value]]:
        """The keys and values."""
        return self._table.rows()

    def __iter__(self) -> Iterator[Value]:
        return (value for _, value in self._table.rows())

    def __len__(self) -> int:
        return self._table.count()

    @overload
    def __getitem__(self, at: int) -> Value: ...
    @overload
    def __getitem__(self, at: slice) -> list[Value]: ...
    def __getitem__(self, at: int | slice) -> Value | list[Value]:
        if isinstance(at, slice):
            return list(islice(self, *at.indices(len(self))))
        place = at if at >= 0 else at + len(self)
        found: list[Value] = self._table.at(place) if place >= 0 else []
        if not found:
            raise IndexError(at)
        return found[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"DiskList({list(self)!r})"


def at_once(values: Iterable[Value], most: int) -> Iterator[list[Value]]:
    """Some at a time, at most so many."""
    left = iter(values)
    while some := list(islice(left, most)):
        yield some


def _key(text: str) -> bytes:
    """Bytes of names that are not UTF-8 stay what they are, and the order is that of the texts."""
    return text.encode(errors="surrogatepass")


def _text(key: bytes) -> str:
    return key.decode(errors="surrogatepass")


def _written(value: object) -> bytes | None:
    return None if value is None else pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _read(value: bytes | None) -> Any:
    # Nobody else can write there.
    return None if value is None else pickle.loads(value)  # noqa: S301  # nosec B301
