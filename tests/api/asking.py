"""What tests of routes ask again and again: a list to its end, and the form of a refusal."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

PAGES: Final = 60

HOSTILE: Final = (
    "nul \x00",
    "a" + "\u0301" * 10_000,
    "abc\u202edef",
    "\u0007bell",
    "\ufffe",
)
"""Texts that no field of a person's own words takes."""


async def walk(
    client: httpx.AsyncClient,
    url: str,
    headers: dict[str, str] | None = None,
    *,
    key: str = "items",
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> list[dict[str, Any]]:
    """Every entry of a list, by its cursors; `meanwhile` runs between two pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(PAGES):
        answer = await client.get(httpx.URL(url).copy_merge_params(cursor), headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["has_more"] == (page["next_cursor"] is not None)
        found += page[key]
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["next_cursor"]}
        if meanwhile is not None:
            await meanwhile()
    raise AssertionError(f"no end after {PAGES} pages")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and first pointer ("" if it names none) of a problem document whose form is checked."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    errors = problem.get("errors") or [{"pointer": ""}]
    assert all(error["pointer"] is not None for error in errors)
    return answer.status_code, errors[0]["pointer"]


def each(field: str, *values: Any) -> list[tuple[str, Any]]:
    """A field with each of these values."""
    return [(field, value) for value in values]


def ids(entries: list[dict[str, Any]], name: str = "video_id") -> list[str]:
    return [entry[name] for entry in entries]
