"""The sides that several figures share: the product's For You, and the floors below it."""

import json
from typing import Any, Final

import msgspec

from app.core.clock import system_ms
from app.core.tokens import Tokens
from perf.cases import AnswersDiffer
from perf.servers.documented import hash_of
from perf.servers.rounds import Pair, Side, compare
from perf.servers.stage import PUBLIC_URL, TTL_S, Server, Stage

FOR_YOU: Final = "/api/v1/feed/for-you"
TRENDING: Final = "/api/v1/feed/trending"
SLICE: Final = 2_000  # people who ask; a token cache of 10,000 and a card cache of 64 MiB hold all of theirs
FLOOR_DB: Final = 1  # of Valkey: where the floor on the documented layout keeps its own keys


def product(stage: Stage, planted: bool) -> Server:
    """The product, or its slowed twin."""
    return stage.server("product", "planted", PERF_PLANT=FOR_YOU) if planted else stage.server("product")


def for_you(stage: Stage, planted: bool) -> Side:
    """The product's For You, asked by many in turn."""
    people = stage.people()[:SLICE]
    asking = stage.folder / "asking"
    asking.write_text("".join(f"{token}\n" for token in people))
    return Side(product(stage, planted), FOR_YOU, asking, len(people))


def canned(stage: Stage, name: str, body: bytes) -> Server:
    """A server of constant answers of these bytes."""
    path = stage.folder / f"{name}.body"
    path.write_bytes(body)
    return stage.server("canned", name, PERF_BODY=str(path))


def against_documented(stage: Stage, rounds: int, planted: bool) -> Pair:
    """For You of the product, and of the floor on the documented layout: measured once for all figures that need it."""
    key = ("documented", rounds, planted)
    if key not in stage.kept:
        stage.kept[key] = _against_documented(stage, rounds, planted)
    pair = stage.kept[key]
    assert isinstance(pair, Pair)
    return pair


def _against_documented(stage: Stage, rounds: int, planted: bool) -> Pair:
    """The pages of both are compared first."""
    side = for_you(stage, planted)
    people = stage.people()[: side.people]
    pages = [json.loads(side.server.get(FOR_YOU, token)) for token in people]
    _load_floor(stage, people, pages)
    floor = stage.server(
        "documented",
        PERF_REDIS_URL=f"{stage.settings.redis_url}?db={FLOOR_DB}",
        PERF_KEYS=str(stage.settings.data.secrets / "keys"),
    )
    for token, page in list(zip(people, pages, strict=True))[:: max(1, len(people) // 50)]:
        same = json.loads(floor.get(FOR_YOU, token))
        if same["videos"] != page["videos"] or same["next_page"] != page["next_page"]:
            raise AnswersDiffer("for-you-documented: the product and the floor give different pages.")
    return compare(stage, side, msgspec.structs.replace(side, server=floor), rounds)


def _load_floor(stage: Stage, people: list[str], pages: list[dict[str, Any]]) -> None:
    """The floor's keys: feeds, hashes, likes and sessions as its layout has them, of what the product showed."""
    tokens, now_ms = Tokens(stage.keys(), PUBLIC_URL, longest_s=TTL_S), system_ms()
    commands: list[tuple[str | int, ...]] = []
    for token, page in zip(people, pages, strict=True):
        claims = tokens.verify(token, now_ms)
        ranked = [(-rank, card["video_id"]) for rank, card in enumerate(page["videos"])]
        following = sorted({c["user"]["user_id"] for c in page["videos"] if c["user_interaction"]["following"]})
        commands.append(("ZADD", f"feed:{claims.user_id}", *(word for entry in ranked for word in entry)))
        commands.append(("SET", f"session:{claims.session_id}", json.dumps({"following": following})))
        if liked := [card["video_id"] for card in page["videos"] if card["user_interaction"]["liked"]]:
            commands.append(("SADD", f"likes:{claims.user_id}", *liked))
        for card in page["videos"]:
            fields = (word for field in hash_of(card).items() for word in field)
            commands.append(("HSET", f"video:{card['video_id']}", *fields))
    stage.redis_many([("SELECT", FLOOR_DB), *commands])
