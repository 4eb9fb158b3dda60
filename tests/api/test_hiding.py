"""A video that is hidden, deleted or blocked is gone: from its own route at once, from every list with the answer."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.stores import Stores
from tests.api.happenings import Happenings
from tests.factories import Person, make_video, sign_up

Hide = Callable[[httpx.AsyncClient, Person, Person, str], Awaitable[httpx.Response]]


async def made_private(client: httpx.AsyncClient, author: Person, _fan: Person, video_id: str) -> httpx.Response:
    wish = {"visibility": "private"}
    return await client.patch(f"/api/v1/videos/{video_id}", json=wish, headers=author.headers)


async def deleted(client: httpx.AsyncClient, author: Person, _fan: Person, video_id: str) -> httpx.Response:
    return await client.delete(f"/api/v1/videos/{video_id}", headers=author.headers)


async def blocked(client: httpx.AsyncClient, author: Person, fan: Person, _video_id: str) -> httpx.Response:
    return await client.post(f"/api/v1/users/{fan.user_id}/block", headers=author.headers)


async def blocking(client: httpx.AsyncClient, author: Person, fan: Person, _video_id: str) -> httpx.Response:
    return await client.post(f"/api/v1/users/{author.user_id}/block", headers=fan.headers)


@pytest.mark.parametrize("hide", [made_private, deleted, blocked, blocking])
async def test_what_is_hidden_is_gone_everywhere(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, hide: Hide
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    category = author.username.replace("_", "")[:20]
    video_id = (await make_video(stores, author.user_id, category=category)).video_id
    await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)
    await client.post(f"/api/v1/videos/{video_id}/save", headers=fan.headers)
    await happenings.take_effect(author.user_id, fan.user_id, video_id)
    lists = (
        "feed/for-you?limit=50",
        "feed/following",
        f"feed/trending?category={category}",
        "users/me/likes",
        "users/me/saves",
    )

    async def shown() -> list[bool]:
        answers = [await client.get(f"/api/v1/{path}", headers=fan.headers) for path in lists]
        assert [answer.status_code for answer in answers] == [200] * len(lists)
        return [video_id in answer.text for answer in answers]

    assert await shown() == [True] * len(lists)
    assert (await hide(client, author, fan, video_id)).status_code in {200, 204}
    assert (await client.get(f"/api/v1/videos/{video_id}", headers=fan.headers)).status_code == 404
    assert (await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)).status_code == 404
    assert await shown() == [False] * len(lists)


async def test_a_cursor_of_another_trending_list_is_refused(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    category = author.username.replace("_", "")[:20]
    await stores.trending.replace(
        category, [((await make_video(stores, author.user_id)).video_id, 1000 + n) for n in range(3)], 60
    )
    page = (await client.get(f"/api/v1/feed/trending?category={category}&limit=2", headers=fan.headers)).json()
    answer = await client.get(f"/api/v1/feed/trending?cursor={page['next_cursor']}", headers=fan.headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?cursor")
