"""The OpenAPI document: every route that clients were promised, and no input that makes the server fail."""

import json
import random
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app import main
from app.core import ids
from app.core.config import Settings
from app.stores import Stores
from tests.factories import Person, make_video, sign_up

ROUTES = """
POST auth/register 201 · POST auth/login 200 · POST auth/refresh 200 · POST auth/logout 204
GET auth/sessions 200 · DELETE auth/sessions 204 · DELETE auth/sessions/{} 204
POST videos/upload 200 · GET videos/{}/upload 200 · POST videos/{}/complete 202 · GET videos/{}/status 200
POST videos/{}/retry 202 · GET videos/{} 200 · PATCH videos/{} 200 · DELETE videos/{} 204
GET videos/{}/download 200 · POST videos/{}/views 202 · POST videos/{}/share 200
GET music/{} 200 · GET music/{}/videos 200
POST videos/{}/like 200 · DELETE videos/{}/like 200 · POST videos/{}/save 200 · DELETE videos/{}/save 200
GET videos/{}/comments 200 · POST videos/{}/comments 201 · GET comments/{}/replies 200
PATCH comments/{} 200 · DELETE comments/{} 204 · POST comments/{}/like 200 · DELETE comments/{}/like 200
POST users/{}/follow 200 · DELETE users/{}/follow 200 · POST users/{}/block 200 · DELETE users/{}/block 200
POST users/{}/mute 200 · DELETE users/{}/mute 200 · GET users/{}/followers 200 · GET users/{}/following 200
GET users/me 200 · PATCH users/me 200 · PUT users/me/avatar 200 · DELETE users/me/avatar 200
GET users/{} 200 · GET users/{}/videos 200 · GET users/me/likes 200 · GET users/me/saves 200 · GET users/me/history 200
GET feed/for-you 200 · GET feed/following 200 · GET feed/trending 200
"""
OPERATIONS = "GET /livez 200 · GET /readyz 200 · GET /version 200 · GET /.well-known/jwks.json 200"


@pytest.fixture(scope="module")
def document(api_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As the web client's build reads it: made without any server."""
    folder: Path = tmp_path_factory.mktemp("data")
    return json.loads(main.openapi_json(msgspec.structs.replace(api_settings, data_dir=folder)))


def plain(path: str) -> str:
    """A path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_every_promised_route_is_documented_with_its_success(document: Any) -> None:
    documented = {
        (verb.upper(), plain(path), status)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if isinstance(operation, dict)
        for status in operation.get("responses", {})
        if status.startswith("2")
    }
    promised = set()
    for prefix, text in (("/api/v1/", ROUTES), ("", OPERATIONS)):
        for line in text.replace("\n", " · ").split(" · "):
            if line.strip():
                verb, path, status = line.split()
                promised.add((verb, prefix + path, status))

    assert len(promised) == 55
    assert promised == documented


def test_the_document_is_openapi_3_1_and_describes_each_route(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    operations = [op for item in document["paths"].values() for op in item.values() if isinstance(op, dict)]
    assert all(op.get("description") or op.get("summary") for op in operations)
    assert len({op["operationId"] for op in operations}) == len(operations)


async def test_it_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/schema/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**30, -(2**63), [], [None], [[[]]], {}, {"__proto__": {"x": 1}}, {"lat": 1, "lng": 2}),
    *("", "x", "\x00", "\ufffe", "a" * 5000, "\u202e", "__proto__", "public", "../../etc/passwd", "%s%n", "NaN"),
)
SEGMENTS = (
    *("", "x", "%00", "%0a", "%ff%fe", "..%2f..", "@", "@a", "me", "0", "-1", "%F0%9F%98%80", "a" * 64, "{}", "null"),
)
QUERIES = (
    *("limit=0", "limit=-1", "limit=99999999999999999999", "limit=1e9", "limit=%00", "limit=5&limit=x"),
    *("cursor=%00", "cursor=%ff", "cursor=" + "A" * 900, "page=-1", "page=1e3", "op_seq=x", "op_seq=-9"),
    *("region=%00", "category=%E2%80%AE", "=&&=", "%", "a[b]=c"),
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"idempotency-key": "x" * 300},
    {"idempotency-key": "ok"},
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-7"},
    {"accept": "application/xml"},
    {"traceparent": "00-zz"},
    {"range": "bytes=9-1"},
    {"cookie": "kinora_refresh=\x01;;;=;"},
)
BODIES = (b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"a":' * 500, b'"\\ud800"', b"{}" * 5, b"1" * 5000)


async def test_no_invalid_request_makes_the_server_fail(
    client: httpx.AsyncClient, stores: Stores, document: Any
) -> None:
    person = await sign_up(client)
    known = [(await make_video(stores, person.user_id)).video_id, person.user_id, ids.new("cmt"), ids.new("mus")]
    operations = [
        (verb, path, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if isinstance(operation, dict) and not path.endswith(("logout", "sessions"))
    ]
    chance = random.Random(20_260_101)
    fields = _fields(document)
    for n in range(1200):
        verb, path, _ = operations[n % len(operations)]
        request = _request(chance, client, verb, path, known, fields, person)
        answer = await client.send(request)
        told = f"{verb} {request.url} {request.content[:200]!r} -> {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500, told
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", told
            assert "Traceback" not in answer.text, told


def _fields(document: Any) -> list[str]:
    """Every name that some body has."""
    schemas = document["components"]["schemas"].values()
    return sorted({name for schema in schemas for name in schema.get("properties", {})})


def _request(
    chance: random.Random,
    client: httpx.AsyncClient,
    verb: str,
    path: str,
    known: list[str],
    fields: list[str],
    person: Person,
) -> httpx.Request:
    parts = [chance.choice((*SEGMENTS, *known)) if part.startswith("{") else part for part in path.split("/")]
    query = chance.choice(("", *QUERIES))
    headers = {"content-type": "application/json"} | chance.choice(HEADERS)
    if chance.random() < 0.8:
        headers |= person.headers
    body = chance.choice(BODIES)
    if chance.random() < 0.8:
        chosen = {name: chance.choice(VALUES) for name in chance.sample(fields, 12)}
        body = json.dumps(chosen).encode()
    content = body if verb in {"post", "put", "patch"} else None
    return client.build_request(verb.upper(), f"{'/'.join(parts)}?{query}", headers=headers, content=content)
