"""Comments and replies: who may write, read and take them back, and lists that do not shift."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core import buckets, ids
from app.core.clock import system_ms
from app.core.cursors import Cursors, Keyset
from app.stores import Stores
from tests.api.asking import HOSTILE, refusal, walk
from tests.api.happenings import Happenings
from tests.factories import Person, make_video, sign_up

COMMENT_KEYS = {
    *("comment_id", "video_id", "content", "user", "parent_comment_id", "created_at", "updated_at"),
    *("like_count", "reply_count", "liked", "deleted"),
}


async def say(client: httpx.AsyncClient, who: Person, video_id: str, content: str = "Hello", **more: Any) -> Any:
    """Comments, and gives the comment."""
    body = {"content": content} | more
    answer = await client.post(f"/api/v1/videos/{video_id}/comments", headers=who.headers, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_comment_is_there_at_once_in_its_documented_shape(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id

    made = await say(client, fan, video_id, "  first 👋🏽\nsecond line ")

    assert set(made) == COMMENT_KEYS
    assert set(made["user"]) == {"user_id", "username", "display_name", "avatar_url", "verified"}
    assert (made["content"], made["user"]["user_id"]) == ("first 👋🏽\nsecond line", fan.user_id)
    assert (made["parent_comment_id"], made["liked"], made["deleted"]) == (None, False, False)
    page = (await client.get(f"/api/v1/videos/{video_id}/comments")).json()
    assert page == {"items": [made], "next_cursor": None, "has_more": False}
    await happenings.take_effect(fan.user_id)
    assert (await client.get(f"/api/v1/videos/{video_id}")).json()["stats"]["comments"] == 1


async def test_replies_are_counted_and_read_oldest_first(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    parent = await say(client, fan, video_id)
    replies = [await say(client, author, video_id, str(n), parent_comment_id=parent["comment_id"]) for n in range(5)]

    listed = await walk(client, f"/api/v1/comments/{parent['comment_id']}/replies?limit=2")
    top = (await client.get(f"/api/v1/videos/{video_id}/comments")).json()["items"]

    assert listed == replies
    assert [(comment["comment_id"], comment["reply_count"]) for comment in top] == [(parent["comment_id"], 5)]


async def test_a_reply_needs_a_comment_of_the_same_video(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    here, there = [(await make_video(stores, author.user_id)).video_id for _ in range(2)]
    elsewhere = await say(client, author, there)
    parent = await say(client, author, here)
    reply = await say(client, author, here, parent_comment_id=parent["comment_id"])
    deleted = await say(client, author, here)
    await client.delete(f"/api/v1/comments/{deleted['comment_id']}", headers=author.headers)

    bad = [
        elsewhere["comment_id"],
        reply["comment_id"],
        deleted["comment_id"],
        buckets.new_comment_id(here, system_ms()),
        ids.new("cmt")[:-2] + "ZZ",
        here,
        "",
        "\x00",
        5,
    ]
    for parent_id in bad:
        body = {"content": "x", "parent_comment_id": parent_id}
        answer = await client.post(f"/api/v1/videos/{here}/comments", headers=author.headers, json=body)
        assert refusal(answer) == (400, "/parent_comment_id")
    assert len((await client.get(f"/api/v1/videos/{here}/comments")).json()["items"]) == 1


@pytest.mark.parametrize("content", [*HOSTILE, "", "   ", "\u200b\u200d", "x" * 1001, None, 5, ["x"], {"__proto__": 1}])
async def test_bad_words_are_named_and_nothing_is_said(client: httpx.AsyncClient, stores: Stores, content: Any) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/videos/{video_id}/comments"

    answer = await client.post(url, headers=author.headers, json={"content": content})

    assert refusal(answer) == (400, "/content")
    assert (await client.get(url)).json()["items"] == []


async def test_strange_but_honest_words_are_kept(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    for content in (
        "__proto__",
        "<script>alert(1)</script>",
        "شكرا",
        "हिन्दी",
        "👨‍👩‍👧‍👦",
        "🫨 new",
        "x" * 1000,
        "'; --",
        "\\u0000",
    ):
        assert (await say(client, author, video_id, content))["content"] == content


async def test_a_surrogate_or_a_broken_body_is_refused(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}/comments"
    headers = author.headers | {"content-type": "application/json"}
    for body in (b'{"content": "\\ud800"}', b'{"content": "\xff"}', b"{", b"", b"[]", b"null", b"[" * 50_000):
        assert (await client.post(url, headers=headers, content=body)).status_code == 400
    assert (await client.get(url)).json()["items"] == []


async def test_only_its_author_edits_a_comment(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/comments/{(await say(client, fan, video_id))['comment_id']}"

    edited = (await client.patch(url, headers=fan.headers, json={"content": "Better"})).json()

    assert edited["content"] == "Better"
    assert edited["updated_at"] >= edited["created_at"]
    assert refusal(await client.patch(url, headers=author.headers, json={"content": "Mine"})) == (404, "")
    assert refusal(await client.patch(url, headers=fan.headers, json={"content": ""})) == (400, "/content")
    assert refusal(await client.patch(url, json={"content": "x"})) == (401, "")
    assert (await client.get(f"/api/v1/videos/{video_id}/comments")).json()["items"][0]["content"] == "Better"


async def test_its_author_and_the_videos_author_delete_a_comment(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan, third = await sign_up(client), await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    own, moderated = await say(client, fan, video_id), await say(client, fan, video_id)

    assert refusal(await client.delete(f"/api/v1/comments/{own['comment_id']}", headers=third.headers)) == (404, "")
    assert (await client.delete(f"/api/v1/comments/{own['comment_id']}", headers=fan.headers)).status_code == 204
    assert (
        await client.delete(f"/api/v1/comments/{moderated['comment_id']}", headers=author.headers)
    ).status_code == 204
    assert refusal(await client.delete(f"/api/v1/comments/{own['comment_id']}", headers=fan.headers)) == (404, "")
    assert (await client.get(f"/api/v1/videos/{video_id}/comments")).json()["items"] == []
    assert (await stores.reactions.counts([video_id]))[video_id].comments == 0


async def test_a_deleted_comment_stays_empty_where_replies_hang_on_it(
    client: httpx.AsyncClient, stores: Stores
) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    parent = await say(client, author, video_id, "gone")
    await say(client, author, video_id, "stays", parent_comment_id=parent["comment_id"])
    await client.delete(f"/api/v1/comments/{parent['comment_id']}", headers=author.headers)

    (item,) = (await client.get(f"/api/v1/videos/{video_id}/comments")).json()["items"]
    replies = (await client.get(f"/api/v1/comments/{parent['comment_id']}/replies")).json()["items"]

    assert (item["content"], item["deleted"], item["reply_count"]) == ("", True, 1)
    assert [reply["content"] for reply in replies] == ["stays"]


async def test_comments_switched_off_are_for_the_author_alone(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id, allow_comments=False)).video_id

    answer = await client.post(f"/api/v1/videos/{video_id}/comments", headers=fan.headers, json={"content": "x"})

    assert refusal(answer)[0] == 403
    assert answer.json()["code"] == "comments_disabled"
    await say(client, author, video_id)


async def test_likes_of_comments(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/comments/{(await say(client, author, video_id))['comment_id']}/like"

    answers = await asyncio.gather(*(client.post(url, headers=fan.headers) for _ in range(20)))
    liked = (await client.get(f"/api/v1/videos/{video_id}/comments", headers=fan.headers)).json()["items"][0]

    assert {answer.json()["like_count"] for answer in answers} == {1}
    assert (liked["like_count"], liked["liked"]) == (1, True)
    assert not (await client.get(f"/api/v1/videos/{video_id}/comments")).json()["items"][0]["liked"]
    assert (await client.delete(f"{url}?op_seq=9", headers=fan.headers)).json()["like_count"] == 0
    assert (await client.post(f"{url}?op_seq=8", headers=fan.headers)).json()["like_count"] == 0
    assert refusal(await client.post(f"{url}?op_seq=-1", headers=fan.headers)) == (400, "?op_seq")
    assert refusal(await client.post(url)) == (401, "")


async def test_a_block_hides_comments_both_ways(client: httpx.AsyncClient, stores: Stores) -> None:
    author, one, other = await sign_up(client), await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    comments = {person.user_id: await say(client, person, video_id) for person in (one, other, author)}
    await client.post(f"/api/v1/users/{one.user_id}/block", headers=other.headers)

    for reader, hidden in ((one, other), (other, one)):
        url = f"/api/v1/videos/{video_id}/comments?limit=1"
        listed = await walk(client, url, reader.headers)
        assert [comment["user"]["user_id"] for comment in listed] == [author.user_id, reader.user_id]
        comment_id = comments[hidden.user_id]["comment_id"]
        path = f"/api/v1/comments/{comment_id}"
        assert refusal(await client.get(f"{path}/replies", headers=reader.headers)) == (404, "")
        assert refusal(await client.post(f"{path}/like", headers=reader.headers)) == (404, "")
        reply = {"content": "x", "parent_comment_id": comment_id}
        answer = await client.post(f"/api/v1/videos/{video_id}/comments", headers=reader.headers, json=reply)
        assert refusal(answer) == (400, "/parent_comment_id")


async def test_comments_share_the_fate_of_their_video(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    comment_id = (await say(client, fan, video_id))["comment_id"]
    await client.patch(f"/api/v1/videos/{video_id}", headers=author.headers, json={"visibility": "private"})

    for verb, path, body in (
        ("GET", f"videos/{video_id}/comments", None),
        ("POST", f"videos/{video_id}/comments", {"content": "x"}),
        ("GET", f"comments/{comment_id}/replies", None),
        ("PATCH", f"comments/{comment_id}", {"content": "x"}),
        ("POST", f"comments/{comment_id}/like", None),
    ):
        more: dict[str, Any] = {"json": body} if body else {}
        assert refusal(await client.request(verb, f"/api/v1/{path}", headers=fan.headers, **more)) == (404, "")
    assert (await client.get(f"/api/v1/videos/{video_id}/comments", headers=author.headers)).status_code == 200
    # One's own words can be taken back wherever they stand.
    assert (await client.delete(f"/api/v1/comments/{comment_id}", headers=fan.headers)).status_code == 204
    left = (await client.get(f"/api/v1/videos/{video_id}/comments", headers=author.headers)).json()
    assert left["items"] == []


async def test_pages_of_comments_neither_repeat_nor_skip_while_comments_come_and_go(
    client: httpx.AsyncClient, stores: Stores
) -> None:
    author, blocked = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    seen = []
    for n in range(12):
        seen.append((await say(client, author, video_id, str(n)))["comment_id"])
        await say(client, blocked, video_id, "hidden")
    reader = await sign_up(client)
    await client.post(f"/api/v1/users/{blocked.user_id}/block", headers=reader.headers)

    async def more() -> None:
        await say(client, author, video_id, "late")

    listed = await walk(client, f"/api/v1/videos/{video_id}/comments?limit=3", reader.headers, meanwhile=more)
    assert [comment["comment_id"] for comment in listed] == seen[::-1]


async def test_a_long_run_of_hidden_comments_is_not_the_end(client: httpx.AsyncClient, stores: Stores) -> None:
    author, blocked, reader = await sign_up(client), await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    oldest = (await say(client, author, video_id))["comment_id"]
    for _ in range(15):
        await say(client, blocked, video_id, "hidden")
    await client.post(f"/api/v1/users/{blocked.user_id}/block", headers=reader.headers)

    listed = await walk(client, f"/api/v1/videos/{video_id}/comments?limit=1", reader.headers)

    assert [comment["comment_id"] for comment in listed] == [oldest]


async def test_a_comment_repeated_with_its_key_is_one_comment(client: httpx.AsyncClient, stores: Stores) -> None:
    author, other = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/videos/{video_id}/comments"
    key = {"idempotency-key": "key-1"}

    answers = await asyncio.gather(
        *(client.post(url, headers=author.headers | key, json={"content": "once"}) for _ in range(10))
    )
    mismatch = await client.post(url, headers=author.headers | key, json={"content": "twice"})
    foreign = await client.post(url, headers=other.headers | key, json={"content": "once"})
    malformed = await client.post(url, headers=author.headers | {"idempotency-key": "a b"}, json={"content": "x"})

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.content for answer in answers}) == 1
    assert refusal(mismatch)[0] == 422
    assert foreign.status_code == 201
    assert refusal(malformed)[0] == 400
    assert len((await client.get(url)).json()["items"]) == 2


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=51", "limit=-1", "limit=x", "limit=" + "9" * 400, "cursor=x", "cursor="]
)
async def test_bad_paging_is_named(client: httpx.AsyncClient, stores: Stores, query: str) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id

    answer = await client.get(f"/api/v1/videos/{video_id}/comments?{query}")

    assert refusal(answer) == (400, "?" + query.partition("=")[0])


async def test_a_cursor_opens_its_own_list_for_its_own_reader(client: httpx.AsyncClient, stores: Stores) -> None:
    author, other = await sign_up(client), await sign_up(client)
    here, there = [(await make_video(stores, author.user_id)).video_id for _ in range(2)]
    for video_id in (here, here, there, there):
        await say(client, author, video_id)
    url = f"/api/v1/videos/{here}/comments?limit=1"
    cursor = (await client.get(url, headers=author.headers)).json()["next_cursor"]

    for target, headers, text in (
        (here, other.headers, cursor),
        (here, {}, cursor),
        (there, author.headers, cursor),
        (here, author.headers, cursor[:-4]),
        (here, author.headers, cursor[:10] + ("A" if cursor[10] != "A" else "B") + cursor[11:]),
        (here, author.headers, cursor * 20),
    ):
        answer = await client.get(f"/api/v1/videos/{target}/comments", headers=headers, params={"cursor": text})
        assert refusal(answer) == (400, "?cursor")


async def test_an_expired_cursor_is_not_the_end(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    position = Keyset(system_ms(), buckets.new_comment_id(video_id, system_ms()))
    cursors, kind = Cursors(stores.secret), f"comments:{video_id}"

    for expires_ms, status in ((system_ms() - 1, 400), (system_ms() + 60_000, 200)):
        cursor = cursors.seal(kind, author.user_id, expires_ms, position)
        answer = await client.get(f"/api/v1/videos/{video_id}/comments?cursor={cursor}", headers=author.headers)
        assert answer.status_code == status
