"""Triggers on one row of a table: one kills a write right there, its transaction still open; one counts its changes."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def killed_at(migrator_url: str, table: str, **row: str) -> AsyncIterator[None]:
    """While open, whoever inserts or updates a row of `table` ("schema.table") whose columns equal `row` loses their
    server process at once, as if it had been killed. Name ids of the test's own, so that no other write is hit."""
    owner = await asyncpg.connect(migrator_url, timeout=5, command_timeout=10)
    function = f"{table.partition('.')[0]}.kill_{secrets.token_hex(6)}"
    try:
        condition = " AND ".join(
            [
                f"NEW.{column} = " + await owner.fetchval("SELECT quote_literal($1)", value)
                for column, value in row.items()
            ]
        )
        await owner.execute(f"""
            CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_terminate_backend(pg_backend_pid());
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER killed AFTER INSERT OR UPDATE ON {table}
                FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}()""")
        try:
            yield
        finally:
            await owner.execute(f"DROP FUNCTION {function} CASCADE")
    finally:
        await owner.close()


@asynccontextmanager
async def changes_of(
    migrator_url: str, table: str, column: str, value: str
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """While open, asks how often rows of `table` ("schema.table") with this value were inserted or updated so far."""
    owner = await asyncpg.connect(migrator_url, timeout=5, command_timeout=10)
    schema = table.partition(".")[0]
    name = f"{schema}.seen_{secrets.token_hex(6)}"
    try:
        literal = await owner.fetchval("SELECT quote_literal($1)", value)
        await owner.execute(f"""
            CREATE TABLE {name} (at timestamptz NOT NULL);
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO {name} VALUES (clock_timestamp());
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER seen AFTER INSERT OR UPDATE ON {table}
                FOR EACH ROW WHEN (NEW.{column} = {literal}) EXECUTE FUNCTION {name}()""")

        async def count() -> int:
            found: int = await owner.fetchval(f"SELECT count(*) FROM {name}")
            return found

        try:
            yield count
        finally:
            await owner.execute(f"DROP FUNCTION {name}() CASCADE; DROP TABLE {name}")
    finally:
        await owner.close()
