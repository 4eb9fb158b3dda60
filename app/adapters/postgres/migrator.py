"""The migration runner: brings a PostgreSQL schema to the state the numbered files describe, and back.

One ledger table says what was applied. A migration and its ledger row commit together, so a runner killed at any
point leaves the schema between two migrations, never inside one; a no-transaction file is run again from its start.
An advisory lock admits one runner at a time. A wait for a table's lock is short and retried, because whoever queues
for an exclusive lock stops everyone behind it.

    MigrationError   one sentence: a newer ledger, a changed file, a lock that wasn't given, a statement that failed
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from app.adapters.postgres.migrations import FOLDER, Migration, MigrationError, read_folder

ADVISORY_KEY = 0x6B696E6F7261  # "kinora"
CONNECT_TIMEOUT_S = 10.0
RUNNER_WAIT_S = 120  # for another runner to finish
LOCK_TIMEOUT = "1s"
LOCK_ATTEMPTS = 30
LOCK_BACKOFF_S = 0.5
SERVER_SETTINGS = {
    "application_name": "kinora-migrate",
    "statement_timeout": "15min",
    "lock_timeout": LOCK_TIMEOUT,
    "client_connection_check_interval": "1s",  # a killed runner's statement is cancelled, its lock freed
}

LEDGER = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.ledger (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT USAGE ON SCHEMA migrations TO PUBLIC;
GRANT SELECT ON migrations.ledger TO PUBLIC;
"""

Announce = Callable[[str], None]


class State(msgspec.Struct, frozen=True):
    """One migration of `status`: its label and when it was applied (ms since 1970), None while pending."""

    label: str
    applied_at_ms: int | None


async def up(url: str, announce: Announce = lambda label: None, folder: Path = FOLDER) -> int:
    """Applies everything pending, each label announced before it runs; returns how many there were."""
    migrations = read_folder(folder)
    async with _only_runner(url) as connection:
        await connection.execute(LEDGER)
        pending = migrations[_applied(migrations, await _ledger(connection)) :]
        for migration in pending:
            announce(migration.label)
            await _run(
                connection,
                migration,
                migration.up,
                "INSERT INTO migrations.ledger (version, name, checksum) VALUES ($1, $2, $3)",
                (migration.version, migration.name, migration.checksum),
            )
        return len(pending)


async def down(url: str, folder: Path = FOLDER) -> str | None:
    """Takes the newest applied migration back and returns its label; None when nothing is applied."""
    migrations = read_folder(folder)
    async with _only_runner(url) as connection:
        count = _applied(migrations, await _ledger(connection))
        if count == 0:
            return None
        newest = migrations[count - 1]
        if not newest.down:
            raise MigrationError(f"{newest.label} has no way back: restore a backup instead.")
        delete = "DELETE FROM migrations.ledger WHERE version = $1"
        await _run(connection, newest, newest.down, delete, (newest.version,))
        return newest.label


async def status(url: str, folder: Path = FOLDER) -> list[State]:
    """Every known migration, oldest first. Reads only; any role may ask."""
    migrations = read_folder(folder)
    connection = await _connect(url)
    try:
        rows = await _ledger(connection)
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_S)
    _applied(migrations, rows)
    applied_at = {row["version"]: int(row["applied_at"].timestamp() * 1000) for row in rows}
    return [State(m.label, applied_at.get(m.version)) for m in migrations]


def _applied(migrations: Sequence[Migration], rows: Sequence[Any]) -> int:
    """How many of `migrations` are applied; they are a prefix. Raises MigrationError where ledger and files differ."""
    if len(rows) > len(migrations):
        newest = rows[-1]
        raise MigrationError(
            f"The database was migrated by a newer Kinora ({newest['version']:04d}_{newest['name']}): "
            "start that version, or restore a backup made before it."
        )
    for migration, row in zip(migrations, rows, strict=False):
        if row["version"] != migration.version:
            raise MigrationError(f"The ledger has no row for {migration.label}, yet has later ones.")
        if row["checksum"] != migration.checksum:
            raise MigrationError(f"{migration.label} was changed after it was applied; add a new file instead.")
    return len(rows)


async def _ledger(connection: Any) -> list[Any]:
    if await connection.fetchval("SELECT to_regclass('migrations.ledger')") is None:
        return []
    rows: list[Any] = await connection.fetch(
        "SELECT version, name, checksum, applied_at FROM migrations.ledger ORDER BY version"
    )
    return rows


async def _run(
    connection: Any, migration: Migration, statements: Sequence[str], record: str, row: tuple[object, ...]
) -> None:
    """Runs `statements` and the ledger's `record`, again while a lock isn't given."""
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            if migration.in_transaction:
                async with connection.transaction():
                    await _execute(connection, statements, record, row)
            else:
                await connection.execute("SET lock_timeout = 0")  # CONCURRENTLY waits without holding others up
                await _execute(connection, statements, record, row)
                await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            return
        except asyncpg.LockNotAvailableError as error:
            if attempt == LOCK_ATTEMPTS:
                raise MigrationError(f"{migration.label} could not get its locks in {attempt} tries.") from error
            await asyncio.sleep(LOCK_BACKOFF_S)
        except asyncpg.PostgresError as error:
            raise MigrationError(f"{migration.label} failed: {error}.") from error


async def _execute(connection: Any, statements: Sequence[str], record: str, row: tuple[object, ...]) -> None:
    for statement in statements:
        await connection.execute(statement)
    await connection.execute(record, *row)


@asynccontextmanager
async def _only_runner(url: str) -> AsyncIterator[Any]:
    """A connection that holds the advisory lock; needs a session of its own, so no transaction pooler between."""
    connection = await _connect(url)
    try:
        await connection.execute(f"SET lock_timeout = '{RUNNER_WAIT_S}s'")
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_KEY)
        except asyncpg.LockNotAvailableError as error:
            raise MigrationError(f"Another migration has held the lock for {RUNNER_WAIT_S} s.") from error
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        yield connection
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_S)


async def _connect(url: str) -> Any:
    try:
        return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, server_settings=SERVER_SETTINGS)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise MigrationError(f"The database could not be reached: {error}.") from error
