"""Pictures: decoded, encoded anew, served; and everything that is no picture."""

import io
import os

import httpx
import pytest
from PIL import Image

from app.stores import Stores
from tests.api.asking import refusal
from tests.factories import make_video, sign_up

URL = "/api/v1/users/me/avatar"


def picture(kind: str, size: tuple[int, int] = (320, 240)) -> bytes:
    """A picture with the place it was taken in its metadata."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    Image.new("RGB", size, "green").save(file, kind, exif=exif)
    return file.getvalue()


def noise(side: int) -> bytes:
    """A picture that can't be made small."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
async def test_a_picture_is_made_anew_and_served(client: httpx.AsyncClient, kind: str) -> None:
    one = await sign_up(client)
    headers = one.headers | {"content-type": f"image/{kind}"}

    answer = await client.put(URL, headers=headers, content=picture(kind))

    assert answer.status_code == 200, answer.text
    url = answer.json()["avatar_url"]
    assert url.startswith(f"/avatars/{one.user_id}/")
    served = await client.get(url)
    assert (served.status_code, served.headers["content-type"]) == (200, "image/jpeg")
    assert served.headers.get_list("x-content-type-options") == ["nosniff"]
    assert Image.open(io.BytesIO(served.content)).size == (256, 256)
    assert b"SecretCamera" not in served.content


async def test_a_large_picture_is_taken_up_to_the_limit(client: httpx.AsyncClient) -> None:
    one = await sign_up(client)
    headers = one.headers | {"content-type": "image/png"}
    large = noise(1100)
    assert 3 * 2**20 < len(large) < 5 * 2**20

    assert (await client.put(URL, headers=headers, content=large)).status_code == 200
    assert refusal(await client.put(URL, headers=headers, content=large + b"\0" * 2**21)) == (413, "")


async def test_a_new_picture_takes_the_old_ones_place_on_cards_too(client: httpx.AsyncClient, stores: Stores) -> None:
    one = await sign_up(client)
    headers = one.headers | {"content-type": "image/png"}
    await make_video(stores, one.user_id)
    first = (await client.put(URL, headers=headers, content=picture("png"))).json()["avatar_url"]
    second = (await client.put(URL, headers=headers, content=picture("png", (50, 500)))).json()["avatar_url"]

    assert first != second
    assert (await client.get(first)).status_code == 404
    assert (await client.get(second)).status_code == 200
    own = (await client.get(f"/api/v1/users/{one.user_id}/videos", headers=one.headers)).json()["videos"][0]
    assert own["user"]["avatar_url"] == second
    removed = await client.delete(URL, headers=one.headers)
    assert (removed.status_code, removed.json()["avatar_url"]) == (200, None)
    assert (await client.get(second)).status_code == 404
    assert (await client.delete(URL, headers=one.headers)).status_code == 200


async def test_what_is_no_picture_is_refused_and_the_old_one_stays(client: httpx.AsyncClient) -> None:
    one = await sign_up(client)
    headers = one.headers | {"content-type": "image/jpeg"}
    kept = (await client.put(URL, headers=headers, content=picture("jpeg"))).json()["avatar_url"]

    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    for body in (b"", b"\xff\xd8\xff", svg, b"GIF89a" + b"\0" * 99, picture("jpeg")[:200], os.urandom(1000)):
        answer = await client.put(URL, headers=headers, content=body)
        assert refusal(answer)[0] == 400, body[:20]
    for kind in ("image/gif", "image/svg+xml", "application/json", "text/plain", ""):
        answer = await client.put(URL, headers=one.headers | {"content-type": kind}, content=picture("jpeg"))
        assert refusal(answer)[0] == 415
    assert refusal(await client.put(URL, headers={"content-type": "image/jpeg"}, content=picture("jpeg")))[0] == 401
    assert (await client.get("/api/v1/users/me", headers=one.headers)).json()["avatar_url"] == kept
