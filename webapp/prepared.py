"""Statements prepared once and run on the driver's own connection, for the paths that everybody takes at once.

For a single row SQLAlchemy's session, transaction and result take ten times as long as the database itself. What it knows of
types and dialects is kept; its faults are raised as everywhere.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import ARRAY, Dialect, Executable, LargeBinary, Select, Table, bindparam, column, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Convert = Callable[[Any], Any]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plain:
    """The driver's connection, within a transaction. `info` is for notes of whoever uses it, as that of a Session is."""

    dialect: Dialect
    driver: Any
    info: dict[Any, Any] = field(default_factory=dict)

    def execute(self, statement: str, values: Any = ()) -> Any:
        """The driver's cursor. Raises what SQLAlchemy would raise."""
        _logger.debug("%s", statement)  # never with its values
        try:
            return self.driver.execute(statement, values)
        except cast(Any, self.dialect).dbapi.Error as error:
            raise fault_of(self.dialect, error) from error


Ahead = Callable[[Dialect], str]
"""Makes a statement that goes on the way that begins a transaction on PostgreSQL. Its row, or None, is then in the connection's `info`
under the Ahead itself, as the driver gives it. It must wait for nobody: what is asked first must be answered at once.
"""

Writer = Session | scoped_session[Any] | Plain
"""What an act writes with: the session of `writing`, or what `group_commit.write` gives."""


@contextmanager
def faults_of(dialect: Dialect) -> Iterator[None]:
    """The driver's errors as SQLAlchemy's, without any value."""
    try:
        yield
    except cast(Any, dialect).dbapi.Error as error:
        raise fault_of(dialect, error) from error


def fault_of(dialect: Dialect, error: Exception) -> Exception:
    """What SQLAlchemy would raise for the driver's `error`."""
    driver_error = cast(Any, dialect).dbapi.Error
    return cast(Exception, DBAPIError.instance(None, None, error, driver_error, hide_parameters=True, dialect=dialect))


def plain(writer: Writer) -> Plain:
    """The connection of a session's transaction; asked for once in each, since that takes as long as a small statement."""
    if isinstance(writer, Plain):
        return writer
    session: Session = writer() if isinstance(writer, scoped_session) else writer
    session.flush()  # as its own questions do first
    kept: tuple[object, Plain] | None = session.info.get(Plain)
    if kept is None or kept[0] is not session.get_transaction():
        connection = session.connection()
        kept = session.info[Plain] = session.get_transaction(), Plain(connection.dialect, connection.connection.driver_connection)
    return kept[1]


def insert_on(dialect: str, table: Table | type[DeclarativeBase]) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows ON CONFLICT, which both databases have and SQLAlchemy spells per dialect."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


class _Written(TypeDecorator[Sequence[Any]]):
    """An array as PostgreSQL writes it, for whole numbers, bytes, times and booleans, none of them NULL: psycopg takes longer
    for a list than for all the rest of a statement.

    Source: PostgreSQL documentation, §8.15.2 (arrays) and §8.4.1 (bytes as hexadecimal digits).
    """

    impl = ARRAY
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Convert:
        item = cast("ARRAY[Any]", self.impl_instance).item_type
        convert = _of_type(item, dialect).bind_processor(dialect) or _itself
        written = _hexadecimal if isinstance(item, LargeBinary) else lambda value: f'"{convert(value)}"'
        return lambda values: "{" + ",".join(map(written, values)) + "}"


def _hexadecimal(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _itself(value: object) -> object:
    return value


def rows_of(types: Mapping[str, TypeEngine[Any]]) -> Select[Any]:
    """Rows given as one array for each column, on PostgreSQL, so that a statement takes any number of them. Its bindparams have the
    columns' names.
    """
    arrays = [bindparam(name, type_=_Written(type_)) for name, type_ in types.items()]
    rows = func.unnest(*arrays).table_valued(*(column(*named) for named in types.items())).render_derived()
    # Of a limit that it does not know PostgreSQL expects one row, and finds its partner in a table by an index. For more, it would
    # read a table that is small when the statement is planned from end to end, and keep to that plan while the table grows.
    return select(rows).limit(func.cardinality(arrays[0]))


class Prepared:
    """A statement of SQLAlchemy Core, or what makes it for a dialect's name. Its bindparams are given by name when it is run."""

    def __init__(self, statement: Executable | Callable[[str], Executable]) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def all(self, writer: Writer, **values: Any) -> list[tuple[Any, ...]]:
        """The rows that it gives."""
        on = plain(writer)
        ready = self._ready.get(on.dialect.name) or self._prepare(on.dialect)
        return [ready.read(row) for row in on.execute(ready.text, ready.given(values)).fetchall()]

    def first(self, writer: Writer, **values: Any) -> tuple[Any, ...] | None:
        """The first row that it gives, None if there is none."""
        on = plain(writer)
        ready = self._ready.get(on.dialect.name) or self._prepare(on.dialect)
        row = on.execute(ready.text, ready.given(values)).fetchone()
        return None if row is None else ready.read(row)

    def run(self, writer: Writer, **values: Any) -> int:
        """How many rows it changed."""
        on = plain(writer)
        ready = self._ready.get(on.dialect.name) or self._prepare(on.dialect)
        return int(on.execute(ready.text, ready.given(values)).rowcount)

    def run_each(self, writer: Writer, rows: Sequence[dict[str, Any]], **same: Any) -> None:
        """Run it once for each of `rows`, which share the values of `same`."""
        on = plain(writer)
        ready = self._ready.get(on.dialect.name) or self._prepare(on.dialect)
        with faults_of(on.dialect), closing(on.driver.cursor()) as cursor:
            cursor.executemany(ready.text, ready.given_each(rows, same))

    def _prepare(self, dialect: Dialect) -> "_Ready":
        statement = self._statement if isinstance(self._statement, Executable) else self._statement(dialect.name)
        columns = statement.exported_columns if isinstance(statement, Select | UpdateBase) else ()
        compiled = cast(SQLCompiler, cast(Any, statement).compile(dialect=dialect))
        fixed = compiled.construct_params(_check=False)
        converts = {name: _of_type(compiled.binds[name].type, dialect).bind_processor(dialect) for name in fixed}
        ready = self._ready[dialect.name] = _Ready(
            str(compiled),
            tuple(compiled.positiontup or ()) if compiled.positional else None,
            dict(fixed),
            {name: convert for name, convert in converts.items() if convert},
            [_of_type(column.type, dialect).result_processor(dialect, None) for column in columns],
        )
        return ready


class _Ready(NamedTuple):
    """A statement as one dialect's driver takes it. `order`: of positional parameters. `fixed`: values that are the statement's own."""

    text: str
    order: tuple[str, ...] | None
    fixed: dict[str, Any]
    bind: dict[str, Convert]
    result: list[Convert | None]

    def given(self, values: dict[str, Any]) -> Any:
        """`values` as the driver wants them."""
        everything = {**self.fixed, **values}
        for name, convert in self.bind.items():
            everything[name] = convert(everything[name])
        return everything if self.order is None else [everything[name] for name in self.order]

    def given_each(self, rows: Sequence[dict[str, Any]], same: dict[str, Any]) -> list[Any]:
        """As `given`, for many: what they share is converted once."""
        shared = {**self.fixed, **same}
        for name in self.bind.keys() & same:
            shared[name] = self.bind[name](shared[name])
        converts = [(name, convert) for name, convert in self.bind.items() if name not in same]
        everything = [{**shared, **row, **{name: convert(row[name]) for name, convert in converts}} for row in rows]
        return everything if self.order is None else [[one[name] for name in self.order] for one in everything]

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple([convert(value) if convert else value for convert, value in zip(self.result, row, strict=True)])


def _of_type(type_: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type_.dialect_impl(dialect)
