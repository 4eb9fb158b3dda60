from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath.pure.hits import FETCH, READY
from tests.hotpath.hits_world import (
    AUTHOR,
    GENERATION,
    MOST,
    NOW_MS,
    STAMP_US,
    TWINS,
    World,
    blob,
    card,
    listed,
    replies,
    rows,
    video,
)

QUERIES = st.lists(
    st.one_of(
        st.sampled_from([b"page=0", b"page=1", b"limit=0", b"limit=51", b"limit=50", b"limit=007", b"", b"cursor="]),
        st.integers(0, 120).map(lambda limit: b"limit=%d" % limit),
        st.text("Aa0-_.=%&", max_size=30).map(lambda text: b"cursor=" + text.encode()),
        st.binary(max_size=12),
    ),
    max_size=3,
).map(b"&".join)
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "generation": st.sampled_from(["", GENERATION, "zz", "0" * 12 + "abcdf"]),
        "upper": st.sampled_from([NOW_MS, NOW_MS - 7, 10**12, 10**13, 0]),
        "score": st.sampled_from([NOW_MS - 1010, NOW_MS, 10**12 - 1, 0]),
        "video_id": st.sampled_from(["", video(20).decode(), video(3).decode()]),
        "served": st.integers(0, 2**40),
        "pushed": st.binary(max_size=64).map(lambda raw: raw * 3),
        "expires_ms": st.sampled_from([NOW_MS + 1, NOW_MS]),
    },
)
NUMBERS = st.lists(st.integers(0, 32), max_size=24)
SCORES = st.sampled_from([NOW_MS - 1000, NOW_MS - 990, NOW_MS + 5, NOW_MS - 2500, 20_000])
SETS = st.lists(st.integers(0, 31).map(lambda number: video(number)[4:]), max_size=12, unique=True)


@given(query=QUERIES)
def test_both_take_the_same_queries_for_plain(query: bytes) -> None:
    one, other = World(TWINS[0]).ask(query), World(TWINS[1]).ask(query)

    assert (one is None) == (other is None)
    if one is not None:
        assert (one.limit, one.commands, one.replies) == (other.limit, other.commands, other.replies)


@settings(max_examples=200)
@given(
    rule=st.integers(0, 1),
    apart=st.booleans(),
    place=st.none() | PLACES,
    limit=st.integers(1, 20),
    numbers=NUMBERS,
    score=SCORES,
    tied=NUMBERS,
    generation=st.sampled_from([GENERATION, "", "zz", f"{NOW_MS - 1000:012x}abcd", GENERATION + "trgsf"]),
    liked=SETS,
    stamp_us=st.integers(STAMP_US, STAMP_US + 8),
    old=st.lists(st.integers(58, 62), max_size=4).map(sorted),
    count=st.sampled_from([1, 2, MOST, MOST + 1]),
)
def test_both_make_the_same_page(
    rule: int,
    apart: bool,
    place: dict[str, Any] | None,
    limit: int,
    numbers: list[int],
    score: int,
    tied: list[int],
    generation: str,
    liked: list[bytes],
    stamp_us: int,
    old: list[int],
    count: int,
) -> None:
    """Of anything that a cursor may hold and replies may say."""
    seen: list[tuple[Any, ...]] = []
    state = blob(liked=liked, following=[AUTHOR])
    for twin in TWINS:
        world = World(twin, rule=rule, apart=apart)
        query = b"limit=%d" % limit + (b"" if place is None else b"&" + world.cursor(**place))
        hit = world.ask(query, stamp_us)
        if hit is None:
            seen.append((None,))
            continue
        ties = rows(*tied, first_score=score) if b"after" in hit.commands + hit.reading else None
        came = replies(
            rows(*numbers, first_score=score), generation=generation, state=state, ties=ties, count=count, apart=apart
        )
        if hit.tends:
            came[1 + apart : 1 + apart] = [listed(), 1]
            came[1 + apart] = listed(*(b"%d" % (hit.stamp_us - 10**6 * seconds) for seconds in (5, 59, *old)))
        outcome = world.hits.read(hit, came)
        body = None
        if outcome == READY:
            body = world.hits.write(hit, None, b"nonces")
        elif outcome == FETCH:
            entries = [twin.shelf.Entry(member, card()) for member in hit.members()]
            body = world.hits.write(hit, entries, b"nonces")
        seen.append(
            (
                hit.commands,
                hit.reading,
                hit.replies,
                hit.reading_replies,
                outcome,
                body,
                hit.told,
                hit.forgotten,
                hit.absent,
            )
        )
    assert seen[0] == seen[1]


@given(
    pieces=st.lists(
        st.sampled_from(
            [b"*1", b"*2", b"$", b"\r\n", b"!", b"1", b"0", b"17", b"\xe9", b"x" * 60, GENERATION.encode()]
        ),
        max_size=9,
    ),
    size=st.integers(-1, 2),
)
def test_both_take_the_same_replies_for_a_marker(pieces: list[bytes], size: int) -> None:
    joined = b"".join(pieces)
    framed = b"*1\r\n$%d\r\n%b\r\n" % (max(0, len(joined) + size), joined)  # right, or a little wrong
    for marker in (joined, framed, listed(joined), listed(joined, b"more"), listed(b"!" + joined)):
        outcomes = []
        for twin in TWINS:
            world = World(twin)
            came = replies(rows(1, 2, 3))
            came[2] = marker
            try:
                outcomes.append(world.hits.read(world.ask(b"limit=2"), came))
            except ValueError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1], marker
