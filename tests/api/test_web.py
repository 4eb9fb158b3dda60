"""The page and its files, as a browser asks for them."""

from pathlib import Path

import httpx
import pytest

from app.http.web import WebClient


async def api(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nothing of the API was asked for")


@pytest.fixture
def page(tmp_path: Path) -> httpx.AsyncClient:
    """A client of a page with one file."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1a2b.js").write_text("0")
    (tmp_path / "index.html").write_text("<!doctype html>")
    return httpx.AsyncClient(transport=httpx.ASGITransport(WebClient(api, tmp_path)), base_url="http://kinora.test")


@pytest.mark.parametrize("path", ["/", "/index.html", "/v/vid_1", "/settings"])
async def test_a_page_says_what_may_happen_on_it(page: httpx.AsyncClient, path: str) -> None:
    answer = await page.get(path)
    assert (answer.status_code, answer.text) == (200, "<!doctype html>")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_has_its_hash_in_its_name_is_kept(page: httpx.AsyncClient) -> None:
    answer = await page.get("/assets/app-1a2b.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert (await page.get("/assets/app-0000.js")).status_code == 404


async def test_a_page_is_only_read(page: httpx.AsyncClient) -> None:
    answer = await page.post("/settings")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
