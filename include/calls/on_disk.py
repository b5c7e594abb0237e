"""Collections that lie on disk: a day of 100,000 files takes no more memory than one of 1,000.

Each is a private temporary database of SQLite, which its file system forgets as soon as it is opened: nothing
of it is left behind, however the process ends. Small ones stay in memory.
"""

import pickle  # nosec B403
import sqlite3
import weakref
from collections.abc import ItemsView, Iterable, Iterator, MutableMapping, Sequence, ValuesView
from itertools import islice
from threading import Lock
from typing import Any, Generic, TypeVar, overload

# Of each collection, so much stays in memory.
_CACHE_KIB = 512
_ROWS_AT_ONCE = 500

Value = TypeVar("Value")
_Row = tuple[bytes, int, bytes | None]


class _Table:
    """A database's one table, in order of its keys' code points; numbers tell equal keys apart."""

    def __init__(self) -> None:
        self._lock = Lock()  # several threads use it
        self._unwritten: list[_Row] = []
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

    def ask(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            self._write()
            return self._database.execute(statement, values).fetchall()

    def put(self, key: str, n: int, value: object) -> None:
        """Adds a row; one of the same key and number is replaced."""
        row = _key(key), n, _written(value)
        with self._lock:
            self._unwritten.append(row)
            if len(self._unwritten) >= _ROWS_AT_ONCE:
                self._write()

    def _write(self) -> None:
        if self._unwritten:
            self._database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", self._unwritten)
            self._unwritten.clear()

    def rows(self) -> Iterator[tuple[str, Any]]:
        """All, in order; those that are added or removed meanwhile may be among them or not."""
        after = "SELECT key, n, value FROM kept WHERE (key, n) > (?, ?) ORDER BY key, n LIMIT ?"
        some = self.ask(after, b"", -1, _ROWS_AT_ONCE)
        while some:
            yield from ((_text(key), _read(value)) for key, _, value in some)
            some = self.ask(after, *some[-1][:2], _ROWS_AT_ONCE)

    def count(self) -> int:
        return int(self.ask("SELECT count(*) FROM kept")[0][0])


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
        found = self._table.ask("SELECT value FROM kept WHERE key = ? AND n = 0", _key(key))
        if not found:
            raise KeyError(key)
        value: Value = _read(found[0][0])
        return value

    def __contains__(self, key: object) -> bool:
        return bool(self._table.ask("SELECT 1 FROM kept WHERE key = ? AND n = 0", _key(str(key))))

    def __setitem__(self, key: str, value: Value) -> None:
        self._table.put(key, 0, value)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._table.ask("DELETE FROM kept WHERE key = ?", _key(key))

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
        found = self._table.ask("SELECT value FROM kept WHERE key = ? ORDER BY n", _key(key))
        return [_read(value) for (value,) in found]

    def has(self, key: str) -> bool:
        """Whether there is a value of a key."""
        return bool(self._table.ask("SELECT 1 FROM kept WHERE key = ? LIMIT 1", _key(key)))

    def remove(self, key: str) -> None:
        """Removes the values of a key."""
        self._table.ask("DELETE FROM kept WHERE key = ?", _key(key))

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
        found = self._table.ask("SELECT value FROM kept ORDER BY key, n LIMIT 1 OFFSET ?", place)
        if place < 0 or not found:
            raise IndexError(at)
        value: Value = _read(found[0][0])
        return value

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
