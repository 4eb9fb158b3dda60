"""Sign-up, sign-in, rotation, sessions: what a client sees."""

import httpx

from app.core.config import Settings
from app.stores import Stores
from tests.factories import PASSWORD, fresh_name, sign_up


async def test_registering_gives_tokens_and_the_profile(client: httpx.AsyncClient) -> None:
    name = fresh_name()
    body = {"username": name.upper(), "email": f"{name}@Example.ORG", "password": PASSWORD, "display_name": "Ana"}
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["user"]["username"] == name
    assert made["user"]["display_name"] == "Ana"
    assert made["user"]["email"] == f"{name}@example.org"
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 900)
    assert made["refresh_token"].startswith("kr_")
    assert answer.headers["cache-control"] == "no-store"
    assert "ratelimit-policy" in answer.headers


async def test_a_name_or_address_is_taken_once(client: httpx.AsyncClient) -> None:
    person = await sign_up(client)
    other = fresh_name()
    same_name = {"username": person.username, "email": f"{other}@example.org", "password": PASSWORD}
    same_mail = {"username": other, "email": f"{person.username}@EXAMPLE.org", "password": PASSWORD}
    assert (await client.post("/api/v1/auth/register", json=same_name)).json()["code"] == "username_taken"
    answer = await client.post("/api/v1/auth/register", json=same_mail)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")


async def test_bad_fields_are_named(client: httpx.AsyncClient) -> None:
    good = {"username": fresh_name(), "email": "a@example.org", "password": PASSWORD}
    for field, value in (
        ("username", "a b"),
        ("username", "admin"),
        ("email", "nobody"),
        ("password", "short"),
        ("password", "x" * 129),
        ("username", 5),
        ("password", None),
        ("display_name", "nul\x00"),
    ):
        answer = await client.post("/api/v1/auth/register", json=good | {field: value})
        problem = answer.json()
        assert answer.status_code == 400, (field, value, problem)
        assert problem["errors"][0]["pointer"] == f"/{field}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == answer.headers["x-request-id"]


async def test_malformed_bodies_are_refused(client: httpx.AsyncClient) -> None:
    json_type = {"content-type": "application/json"}
    for body in (b"{", b"\xff\xfe", b'{"username": "\\ud800"}', b"[" * 100_000, b'{"x":' + b"[" * 2000):
        answer = await client.post("/api/v1/auth/register", content=body, headers=json_type)
        assert answer.status_code == 400, body[:20]
    answer = await client.post("/api/v1/auth/register", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


async def test_login_by_name_or_address(client: httpx.AsyncClient) -> None:
    person = await sign_up(client)
    for login in (person.username, f"{person.username}@example.org"):
        answer = await client.post("/api/v1/auth/login", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json()["user"]["user_id"] == person.user_id
    wrong = await client.post("/api/v1/auth/login", json={"login": person.username, "password": "wrong password"})
    unknown = await client.post("/api/v1/auth/login", json={"login": fresh_name(), "password": "wrong password"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["detail"] == unknown.json()["detail"]


async def test_rotation_and_reuse(client: httpx.AsyncClient, stores: Stores) -> None:
    person = await sign_up(client)
    first = person.tokens["refresh_token"]
    answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": first})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first
    nonsense = await client.post("/api/v1/auth/refresh", json={"refresh_token": "kr_nonsense"})
    assert nonsense.status_code == 401


async def test_the_cookie_transport_hides_the_refresh_token(client: httpx.AsyncClient) -> None:
    name = fresh_name()
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "transport": "cookie"}
    answer = await client.post("/api/v1/auth/register", json=body)
    cookie = answer.headers["set-cookie"]
    assert "refresh_token" not in answer.json()
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/api/v1/auth" in cookie
    refreshed = await client.post("/api/v1/auth/refresh", json={})
    assert refreshed.status_code == 200
    assert "refresh_token" not in refreshed.json()
    client.cookies.clear()


async def test_a_revoked_session_is_dead_at_once_here(client: httpx.AsyncClient) -> None:
    person = await sign_up(client)
    assert (await client.get("/api/v1/auth/sessions", headers=person.headers)).status_code == 200
    assert (await client.post("/api/v1/auth/logout", headers=person.headers)).status_code == 204
    answer = await client.get("/api/v1/auth/sessions", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


async def test_sessions_are_listed_and_ended(client: httpx.AsyncClient) -> None:
    person = await sign_up(client)
    for _ in range(3):
        await client.post("/api/v1/auth/login", json={"login": person.username, "password": PASSWORD})
    first = (await client.get("/api/v1/auth/sessions?limit=3", headers=person.headers)).json()
    assert (len(first["items"]), first["has_more"]) == (3, True)
    rest = await client.get(f"/api/v1/auth/sessions?cursor={first['next_cursor']}", headers=person.headers)
    seen = [item["session_id"] for item in first["items"] + rest.json()["items"]]
    assert len(set(seen)) == len(seen) == 4
    assert rest.json()["items"][-1]["current"]
    assert (await client.delete(f"/api/v1/auth/sessions/{seen[0]}", headers=person.headers)).status_code == 204
    assert (await client.delete(f"/api/v1/auth/sessions/{seen[0]}", headers=person.headers)).status_code == 404
    assert (await client.delete("/api/v1/auth/sessions", headers=person.headers)).status_code == 204
    left = (await client.get("/api/v1/auth/sessions", headers=person.headers)).json()
    assert [item["current"] for item in left["items"]] == [True]


async def test_a_registration_repeated_with_its_key_is_one_account(client: httpx.AsyncClient) -> None:
    name = fresh_name()
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    key = {"idempotency-key": name}
    first = await client.post("/api/v1/auth/register", json=body, headers=key)
    again = await client.post("/api/v1/auth/register", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["user"] == again.json()["user"]
    other = await client.post("/api/v1/auth/register", json=body | {"display_name": "Other"}, headers=key)
    assert other.status_code == 422


async def test_no_token_bad_token(client: httpx.AsyncClient, api_settings: Settings) -> None:
    for value in (None, "Bearer", "Bearer x", "Basic abc", "Bearer " + "a." * 3, "Bearer " + "x" * 5000):
        headers = {"authorization": value} if value else {}
        answer = await client.get("/api/v1/auth/sessions", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_jwks_names_the_signing_key(client: httpx.AsyncClient) -> None:
    answer = await client.get("/.well-known/jwks.json")
    keys = answer.json()["keys"]
    assert keys
    assert all(key["kty"] == "RSA" and key["alg"] == "RS256" and "d" not in key for key in keys)
