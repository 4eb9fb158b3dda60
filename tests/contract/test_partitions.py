"""Every hot statement on a partitioned table, as the adapter sends it, reads one partition of each table it names.

Shown for both kinds of plan a prepared statement may get: one made for its values, and the generic one, which has all
partitions in it and leaves out the others when it is run.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from app.adapters.postgres import comments, counts, graph, reactions, users
from app.adapters.postgres.accounts import PostgresAccounts
from app.adapters.postgres.pool import connection, to_time
from app.core import ids
from app.core.buckets import new_comment_id, of_video
from tests.contract.people import NOW, new_account, new_session

ME, OTHERS, VIDEO = ids.new("usr"), [ids.new("usr"), ids.new("usr")], ids.new("vid")
VIDEOS = [ids.new("vid"), ids.new("vid")]
OTHER = OTHERS[0]
COMMENT, BUCKET = new_comment_id(VIDEO, 0), of_video(VIDEO)
AT = to_time(NOW)

# name -> tables read, statement, values
HOT: dict[str, tuple[set[str], str, Sequence[Any]]] = {
    "user": ({"users"}, users.GET, [ME]),
    "user updated at": ({"users"}, users.UPDATED_AT, [ME]),
    "update of a user": ({"users"}, users.UPDATE, [ME, "Ada", "", None, "GB", AT, None]),
    "is blocked": ({"barriers"}, graph.BLOCKED, [ME, OTHER]),
    "followers": ({"followers"}, graph.FOLLOWERS, [ME, AT, OTHER, 20]),
    "following": ({"follows"}, graph.FOLLOWING, [ME, AT, OTHER, 20]),
    "followers for fan-out": ({"followers"}, graph.FOLLOWER_PAGE, [ME, "", 10_000]),
    "relations": ({"follows", "followers", "barriers"}, graph.RELATIONS, [ME, OTHERS]),
    "circle": ({"follows", "followers", "barriers"}, graph.CIRCLE, [ME]),
    "follow looked up": ({"users"}, graph.ADD_FOLLOWER, [OTHERS[1], ME, AT]),
    "unfollow": ({"follows"}, graph.FOLLOWS.turn_off, [ME, OTHER, 1]),
    "late follow": ({"follows"}, graph.FOLLOWS.advance, [ME, OTHER, 1]),
    "follower dropped": ({"followers"}, graph.DROP_FOLLOWER, [ME, OTHER]),
    "unblock": ({"barriers"}, graph.BARRIERS.turn_off, [ME, "block", OTHER, 1]),
    "unlike": ({"reactions"}, reactions.REACTIONS.turn_off, [ME, "like", VIDEO, 1]),
    "late like": ({"reactions"}, reactions.REACTIONS.advance, [ME, "like", VIDEO, 1]),
    "my likes": ({"reactions"}, reactions.MINE, [ME, "like", AT, VIDEO, 20]),
    "recent likes": ({"reactions"}, reactions.RECENT, [ME, "like", 513]),
    "which I liked": ({"reactions"}, reactions.REACTED, [ME, "like", VIDEOS]),
    "count": ({"counts"}, counts.TOTAL, [VIDEO, "likes"]),
    "comment": ({"comments"}, comments.GET, [BUCKET, COMMENT]),
    "comments of a video": ({"comments"}, comments.OF_VIDEO, [BUCKET, VIDEO, AT, COMMENT, 20]),
    "replies": ({"comments"}, comments.REPLIES, [BUCKET, COMMENT, AT, "", 20]),
    "reply counted": ({"comments"}, comments.ADD_REPLY, [BUCKET, COMMENT, VIDEO]),
    "reply uncounted": ({"comments"}, comments.DROP_REPLY, [BUCKET, COMMENT]),
    "edit": ({"comments"}, comments.EDIT, [BUCKET, COMMENT, "words", AT]),
    "comment deleted": ({"comments"}, comments.DELETE, [BUCKET, COMMENT, AT]),
    "comment locked": ({"comments"}, comments.LOCK, [BUCKET, COMMENT]),
    "comment like counted": ({"comments"}, comments.COUNT_LIKE, [BUCKET, COMMENT, 1]),
    "comment unlike": ({"comment_likes"}, comments.LIKES.turn_off, [ME, COMMENT, 1]),
    "which comments I like": ({"comment_likes"}, comments.LIKED, [ME, [COMMENT]]),
}


@pytest.fixture(scope="module", autouse=True)
async def friends(pool: asyncpg.Pool) -> None:
    """Two who follow each other, so that a join has something to look up."""
    for one in (ME, OTHER):
        await PostgresAccounts(pool).register(new_account(one), new_session(one), ids.new("tok").encode())
    for one, other in ((ME, OTHER), (OTHER, ME)):
        await graph.PostgresGraph(pool).toggle("follow", one, other, True, op_seq=None, now_ms=NOW)


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_statement_reads_one_partition(pool: asyncpg.Pool, name: str) -> None:
    tables, sql, values = HOT[name]

    async with connection(pool) as conn:
        custom = await explain(conn, sql, *values)
        generic = await explain_generic(conn, sql, values)

    for plan in (custom, generic):
        read = partitions(plan)
        assert set(read) == tables
        assert [len(parts) for parts in read.values()] == [1] * len(tables)


async def test_the_check_sees_a_statement_that_reads_them_all(pool: asyncpg.Pool) -> None:
    async with connection(pool) as conn:
        plan = await explain(conn, "SELECT * FROM social.follows WHERE other_id = $1", OTHER)

    assert len(partitions(plan)["follows"]) == 100


def partitions(plan: dict[str, Any]) -> dict[str, set[str]]:
    """table -> its partitions that were read (a node that never ran read nothing)."""
    found: dict[str, set[str]] = defaultdict(set)
    nodes = [plan]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        relation = node.get("Relation Name")
        if relation and node["Node Type"] != "ModifyTable" and node["Actual Loops"] > 0:
            table, _, number = relation.rpartition("_")
            assert number.isdigit()
            found[table].add(relation)
    return found


async def explain(conn: asyncpg.Connection, sql: str, *values: Any) -> dict[str, Any]:
    return await run_and_undo(conn, sql, values)


async def explain_generic(conn: asyncpg.Connection, sql: str, values: Sequence[Any]) -> dict[str, Any]:
    types = [kind.name for kind in (await conn.prepare(sql)).get_parameters()]
    literals = [await conn.fetchval("SELECT quote_nullable($1::text)", as_text(value)) for value in values]
    await conn.execute(f"PREPARE hot ({', '.join(types)}) AS {sql}")
    try:
        return await run_and_undo(conn, f"EXECUTE hot ({', '.join(literals)})", generic=True)
    finally:
        await conn.execute("DEALLOCATE hot")


async def run_and_undo(
    conn: asyncpg.Connection, sql: str, values: Sequence[Any] = (), *, generic: bool = False
) -> dict[str, Any]:
    transaction = conn.transaction()
    await transaction.start()
    try:
        if generic:
            await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        [answer] = json.loads(await conn.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values))
    finally:
        await transaction.rollback()
    return dict(answer["Plan"])


def as_text(value: Any) -> str | None:
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value is None else str(value)
