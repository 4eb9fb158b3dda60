"""Kills a write at a chosen point: right after it put a row in a table, its transaction still open."""

import secrets
from collections.abc import AsyncIterator
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
