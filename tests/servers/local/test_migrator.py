"""The migration runner, on an empty PostgreSQL of its own."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.adapters.postgres import migrator
from app.adapters.postgres.migrations import MigrationError, parse, read_folder
from app.core.config import load
from app.local import programs
from app.local.folder import claim
from app.local.supervisor import Supervisor
from tests.servers.engines import short_folder

UP = "import asyncio, sys, pathlib; from app.adapters.postgres import migrator as m; "
UP += "asyncio.run(m.up(sys.argv[1], print, pathlib.Path(sys.argv[2])))"


@pytest.fixture(scope="module")
def empty_url() -> Iterator[str]:
    """A PostgreSQL nobody has migrated, as the schema's owner."""
    with short_folder() as folder:
        settings = load({"KINORA_DATA": str(folder / "data"), "KINORA_REDIS_URL": "redis://unused"}, "/")
        supervisor = Supervisor(settings, time.sleep, print)
        with claim(settings.data):
            try:
                supervisor.start(programs.servers(settings, durable=False))
                yield settings.migrator_database_url
            finally:
                supervisor.stop()


@pytest.fixture
async def owner(empty_url: str) -> AsyncIterator[Any]:
    """A connection; what the test made is dropped afterwards."""
    connection = await asyncpg.connect(empty_url)
    yield connection
    await connection.execute("DROP SCHEMA IF EXISTS migrations, made CASCADE")
    await connection.close()


def write(folder: Path, **files: str) -> Path:
    """Numbers the files in the order given."""
    for number, (name, text) in enumerate(files.items(), start=1):
        (folder / f"{number:04d}_{name}.sql").write_text(text)
    return folder


async def tables(owner: Any) -> set[str]:
    rows = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'made'")
    return {row["tablename"] for row in rows}


async def until(owner: Any, condition: str) -> None:
    """Waits until a runner's session is as `condition` says."""
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kinora-migrate' AND {condition}"
    for _ in range(3000):
        await owner.execute("SELECT pg_stat_clear_snapshot()")
        if await owner.fetchval(asked):
            return
        await asyncio.sleep(0.01)  # between two looks
    pytest.fail(f"no runner's session ever had {condition}")


async def test_up_status_and_down(empty_url: str, owner: Any, tmp_path: Path) -> None:
    write(
        tmp_path,
        base="CREATE SCHEMA made; CREATE TABLE made.one (); -- migrate: down is only a mark on a line of its own",
        more="CREATE TABLE made.two ();\n-- migrate: down\nDROP TABLE made.two;\n",
    )
    said: list[str] = []
    assert [state.applied_at_ms for state in await migrator.status(empty_url, tmp_path)] == [None, None]
    assert await migrator.up(empty_url, said.append, tmp_path) == 2
    assert said == ["0001_base", "0002_more"]
    assert await tables(owner) == {"one", "two"}
    assert await migrator.up(empty_url, said.append, tmp_path) == 0
    assert all(state.applied_at_ms for state in await migrator.status(empty_url, tmp_path))

    assert await migrator.down(empty_url, tmp_path) == "0002_more"
    assert await tables(owner) == {"one"}
    with pytest.raises(MigrationError, match=r"^0001_base has no way back: restore a backup instead\.$"):
        await migrator.down(empty_url, tmp_path)
    assert await migrator.up(empty_url, folder=tmp_path) == 1


async def test_every_migration_of_kinora_has_been_applied(migrator_database_url: str) -> None:
    states = await migrator.status(migrator_database_url)
    assert states
    assert all(state.applied_at_ms for state in states)


async def test_two_runners_at_once_apply_each_migration_once(empty_url: str, owner: Any, tmp_path: Path) -> None:
    write(tmp_path, base="CREATE SCHEMA made;", **{f"t{n}": f"CREATE TABLE made.t{n} ();" for n in range(20)})
    counts = await asyncio.gather(*(migrator.up(empty_url, folder=tmp_path) for _ in range(4)))
    assert sum(counts) == 21
    assert len(await tables(owner)) == 20


async def test_a_failed_migration_leaves_nothing_of_itself(empty_url: str, owner: Any, tmp_path: Path) -> None:
    write(tmp_path, base="CREATE SCHEMA made;", bad="CREATE TABLE made.half (); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"^0002_bad failed: division by zero\.$"):
        await migrator.up(empty_url, folder=tmp_path)
    assert await tables(owner) == set()
    write(tmp_path, base="CREATE SCHEMA made;", bad="CREATE TABLE made.half ();")
    assert await migrator.up(empty_url, folder=tmp_path) == 1


async def test_a_runner_killed_in_mid_migration_can_be_followed(empty_url: str, owner: Any, tmp_path: Path) -> None:
    write(tmp_path, base="CREATE SCHEMA made;", half="CREATE TABLE made.half (); SELECT pg_advisory_xact_lock(7);")
    await owner.execute("SELECT pg_advisory_lock(7)")
    runner = await asyncio.create_subprocess_exec(sys.executable, "-c", UP, empty_url, str(tmp_path))
    await until(owner, "wait_event = 'advisory'")
    runner.send_signal(signal.SIGKILL)
    await runner.wait()
    assert await tables(owner) == set()
    await owner.execute("SELECT pg_advisory_unlock(7)")
    assert await migrator.up(empty_url, folder=tmp_path) == 1
    assert await tables(owner) == {"half"}


async def test_a_table_in_use_is_waited_for_in_short_tries(empty_url: str, owner: Any, tmp_path: Path) -> None:
    write(tmp_path, base="CREATE SCHEMA made; CREATE TABLE made.busy ();")
    await migrator.up(empty_url, folder=tmp_path)
    write(
        tmp_path,
        base="CREATE SCHEMA made; CREATE TABLE made.busy ();",
        alter="ALTER TABLE made.busy ADD COLUMN late int;",
    )
    async with owner.transaction():
        await owner.execute("LOCK TABLE made.busy IN ACCESS SHARE MODE")
        runner = asyncio.create_task(migrator.up(empty_url, folder=tmp_path))
        await until(owner, "query = 'ROLLBACK;'")  # the first try has given up
    assert await runner == 1


async def test_statements_of_a_no_transaction_file_commit_by_themselves(
    empty_url: str, owner: Any, tmp_path: Path
) -> None:
    write(
        tmp_path,
        base="CREATE SCHEMA made; CREATE TABLE made.big (id int);",
        index="-- migrate: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS made.big_id;\n-- migrate: next\n"
        "CREATE INDEX CONCURRENTLY big_id ON made.big (id);\n-- migrate: down\nDROP INDEX CONCURRENTLY made.big_id;\n",
    )
    assert await migrator.up(empty_url, folder=tmp_path) == 2
    assert await owner.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'made.big_id'::regclass")
    assert await migrator.down(empty_url, tmp_path) == "0002_index"


async def test_a_newer_ledger_and_a_changed_file_are_refused(empty_url: str, owner: Any, tmp_path: Path) -> None:
    write(tmp_path, base="CREATE SCHEMA made;", more="CREATE TABLE made.more ();")
    await migrator.up(empty_url, folder=tmp_path)
    (tmp_path / "0002_more.sql").rename(tmp_path / "aside")
    with pytest.raises(MigrationError, match=r"migrated by a newer Kinora \(0002_more\)"):
        await migrator.up(empty_url, folder=tmp_path)
    (tmp_path / "aside").rename(tmp_path / "0002_more.sql")
    write(tmp_path, base="CREATE SCHEMA made; -- changed")
    with pytest.raises(MigrationError, match=r"^0001_base was changed after it was applied"):
        await migrator.status(empty_url, tmp_path)


async def test_no_database_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"^The database could not be reached: "):
        await migrator.up(f"postgresql://nobody@/none?host={tmp_path}", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("1_short.sql", "", "1_short.sql is not named like 0001_what_it_does.sql."),
        ("0002_gap.sql", "", "0002_gap stands where number 0001 is expected."),
        ("0001_mark.sql", "-- migrate: sideways\n", "0001_mark has an unknown mark 'sideways'."),
        ("0001_next.sql", "A;\n-- migrate: next\nB;\n-- migrate: down\nC;", "0001_next has a `next` mark"),
        ("0001_late.sql", "A;\n-- migrate: no-transaction\n", "0001_late must have its no-transaction mark"),
    ],
)
def test_a_badly_formed_file_is_refused(name: str, text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(MigrationError, match=f"^{sentence}"):
        read_folder(tmp_path)


def test_marks_cut_a_file_into_statements() -> None:
    migration = parse(1, "x", "-- migrate: no-transaction\nA;\n-- migrate: next\nB;\n-- migrate: down\nC;\n")
    assert [part.strip() for part in migration.up] == ["A;", "B;"]
    assert [part.strip() for part in migration.down] == ["C;"]
    assert not migration.in_transaction
