"""Cards and hashes from records: both twins make the same bytes, and no text breaks out of its string."""

import json
from types import ModuleType
from typing import Any

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import records as compiled
from hotpath.pure import records as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])

USER = "usr_" + "0" * 26
VIDEO = "vid_" + "0" * 26
AUTHOR: pure.Author = (USER, "ana", "Ana", "a1", True, 7, False)
MEDIA = {
    "attempt": "a1",
    "epoch": 3,
    "renditions": ["360p", "720p"],
    "thumbnails": ["t/0.jpg", "t/1.jpg"],
    "poster": 1,
    "sprite": "sprite.jpg",
    "sprite_vtt": "sprite.vtt",
    "download": "download.mp4",
    "master": "master.m3u8",
    "dash": "manifest.mpd",
    "size_bytes": 1,
}
FIELDS: dict[str, Any] = {
    "video_id": VIDEO,
    "user_id": USER,
    "created_at": 10,
    "updated_at": 11,
    "version": 2,
    "status": "active",
    "published_at": 12,
    "title": "A clip",
    "duration_ms": 12_340,
    "upload": {"size_bytes": 1, "part": None},
    "media": MEDIA,
}


def row(fields: dict[str, Any], counts: str = "{}", version: int = 5) -> pure.Stored:
    """As PostgreSQL gives it, in the order of jsonb and with its spaces."""
    ordered = dict(sorted(fields.items(), key=lambda field: (len(field[0]), field[0])))
    return VIDEO, USER, fields.get("music_id"), json.dumps(ordered, ensure_ascii=False), counts, version


def make(
    twin: ModuleType, fields: dict[str, Any], counts: str = "{}", author: pure.Author = AUTHOR, own: bool = False
) -> tuple[bytes, dict[str, str] | None]:
    """A card, and its hash as a server would read it."""
    made, hashes = twin.make([row(fields, counts)], {USER: author}, {"mus": ("mus", "Song", "Band")}, own)
    if VIDEO not in hashes:
        return made[VIDEO], None
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(hashes[VIDEO])
    words = reader.gets()
    assert isinstance(words, list)
    assert reader.gets() is False
    return made[VIDEO], dict(zip(words[::2], words[1::2], strict=True))


@both
def test_a_card_is_a_header_and_a_body(twin: ModuleType) -> None:
    card, _ = make(
        twin, FIELDS | {"music_id": "mus", "location": {"lat": 1.5, "lng": 2.0, "name": "Here"}}, '{"likes": 4}'
    )

    header = b"%020d2PA%b%013d0405a1.3other" % (2 + 5 + 7, USER.encode(), 12)
    assert card[: len(header)] == header
    body = json.loads(card[len(header) :].replace(b"\x02", b'"marks"').replace(b"\x01", b""))
    assert body["user"] == {
        "user_id": USER,
        "username": "ana",
        "display_name": "Ana",
        "avatar_url": f"/avatars/{USER}/a1",
        "verified": True,
    }
    assert body["urls"] == {
        "360p": "/360p/playlist.m3u8",
        "720p": "/720p/playlist.m3u8",
        "master": "/master.m3u8",
        "dash": "/manifest.mpd",
    }
    assert (body["thumbnail_url"], body["preview_vtt_url"]) == ("/t/1.jpg", "/sprite.vtt")
    assert "thumbnails" not in body
    assert (body["duration_sec"], body["location"], body["user_interaction"]) == (12.34, {"name": "Here"}, "marks")
    assert body["stats"] == {"views": 0, "likes": 4, "comments": 0, "shares": 0, "saves": 0}
    assert body["music"] == {"music_id": "mus", "title": "Song", "artist": "Band"}


@both
def test_who_is_not_shown_has_no_body_but_for_the_author(twin: ModuleType) -> None:
    suspended = (*AUTHOR[:6], True)
    bare = b"%020d2P-%b%013d0000" % (14, USER.encode(), 12)
    for fields, author in (
        (FIELDS | {"status": "deleted"}, AUTHOR),
        (FIELDS | {"media": None}, AUTHOR),
        (FIELDS, suspended),
    ):
        card, words = make(twin, fields, author=author)
        assert card == bare
        assert (words is None) == (fields["status"] == "active")
        own, words = make(twin, fields, author=author, own=True)
        assert (own[21:23], own[66:68], words) == (b"XA", b"04" if fields["media"] else b"00", None)
        assert b'"thumbnails":[' in own
    assert make(twin, FIELDS, own=True)[0][21:23] == b"PA"
    assert twin.make([row(FIELDS)], {}, {}) == ({}, {})


@both
def test_the_hash_has_every_member(twin: ModuleType) -> None:
    _, words = make(twin, FIELDS | {"title": 'say "x"\n', "hashtags": ["a", "b \\"], "unknown": 1}, '{"views": 3}')
    assert words is not None
    assert list(words) == [*pure.VIDEO, *pure.COUNTS]
    assert (words["title"], words["hashtags"], words["views"]) == ('say "x"\n', '["a","b \\\\"]', "3")
    assert (words["upload"], words["location"], words["allow_duet"]) == ('{"size_bytes":1,"part":null}', "null", "true")
    assert json.loads(words["media"]) == MEDIA


@both
@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ...},
        {"media": MEDIA | {"poster": 2}},
        {"media": MEDIA | {"poster": "1"}},
        {"media": MEDIA | {"thumbnails": {}}},
        {"media": MEDIA | {"thumbnails": [1]}},
        {"media": MEDIA | {"master": 'a"b'}},
        {"media": MEDIA | {"attempt": "a" * 73}},
        {"media": MEDIA | {"attempt": "é"}},
        {"media": []},
        {"category": "c" * 31},
        {"visibility": "nobody"},
        {"version": -1},
        {"version": 10**18},
        {"version": 1.5},
        {"published_at": 10**13},
        {"duration_ms": "1"},
    ],
)
def test_a_record_that_makes_no_card_is_refused(twin: ModuleType, wrong: dict[str, Any]) -> None:
    fields = {name: value for name, value in (FIELDS | wrong).items() if value is not ...}
    with pytest.raises(ValueError):  # noqa: PT011  # the twins word it as Python does where it refuses by itself
        make(twin, fields)


@both
def test_an_id_of_another_length_is_refused(twin: ModuleType) -> None:
    with pytest.raises(ValueError, match="30 bytes"):
        make(twin, FIELDS, author=("usr", *AUTHOR[1:]))
    with pytest.raises(ValueError, match="malformed"):
        twin.make([row(FIELDS, version=2**62)], {USER: AUTHOR}, {})


@both
@pytest.mark.parametrize(
    ("thousandths", "text"),
    [(0, "0.0"), (1, "0.001"), (10, "0.01"), (12_340, "12.34"), (60_000, "60.0"), (10**15 + 1, "1000000000000.001")],
)
def test_seconds_are_written_as_a_double_is(twin: ModuleType, thousandths: int, text: str) -> None:
    card, _ = make(twin, FIELDS | {"duration_ms": thousandths})
    assert f'"duration_sec":{text},'.encode() in card


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "\\", "\x1f", "\x7f", "\u2028"]
)
NUMBERS = st.integers(0, 10**18 - 1)
RECORDS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["active", "active", "active", "failed"]),
        "title": TEXTS,
        "media": st.just(MEDIA) | st.none(),
    },
    optional={
        "visibility": st.sampled_from(["public", "friends", "private"]),
        "description": TEXTS,
        "hashtags": st.lists(TEXTS, max_size=3),
        "published_at": st.none() | st.integers(0, 10**13 - 1),
        "location": st.none() | st.fixed_dictionaries({"lat": st.just(1.5)}, optional={"name": st.none() | TEXTS}),
        "version": NUMBERS,
        "duration_ms": NUMBERS,
        "width": NUMBERS,
        "allow_duet": st.booleans(),
        "moderation_flags": st.lists(TEXTS, max_size=2),
        "failure": st.none() | st.fixed_dictionaries({"code": TEXTS, "detail": TEXTS}),
        "music_id": st.sampled_from(["mus", "other"]),
        "unknown": st.dictionaries(TEXTS, st.lists(TEXTS | st.floats() | st.none(), max_size=2), max_size=2),
    },
)
AUTHORS = st.tuples(st.just(USER), TEXTS, TEXTS, st.none() | TEXTS, st.booleans(), NUMBERS, st.booleans())


def test_the_first_text_of_a_hash_may_be_empty() -> None:
    # Nothing was written before, so there is no room for a text yet: of an empty one nothing may be copied there.
    first = row(FIELDS | {"status": "processing", "media": None, "title": ""})

    assert compiled.make([first], {USER: AUTHOR}, {}) == pure.make([first], {USER: AUTHOR}, {})


def _both(rows: list[pure.Stored], author: pure.Author, own: bool) -> list[object]:
    answers: list[object] = []
    for twin in (compiled, pure):
        try:
            answers.append(twin.make(rows, {USER: author}, {"mus": ("mus", 'S"', "B")}, own))
        except ValueError:
            answers.append(None)
    return answers


@settings(max_examples=200, deadline=None)
@given(fields=RECORDS, author=AUTHORS, own=st.booleans(), escaped=st.booleans(), indent=st.none() | st.just(1))
def test_both_make_the_same_of_every_record(
    fields: dict[str, Any], author: pure.Author, own: bool, escaped: bool, indent: int | None
) -> None:
    document = json.dumps(FIELDS | fields, ensure_ascii=escaped, indent=indent)
    plain = row(FIELDS | fields, '{"likes": 3, "views": 12}')

    made, again = _both([plain, ("vid", USER, "mus", document, "{}", 0)], author, own)

    assert made is not None
    assert made == again


@settings(max_examples=200, deadline=None)
@given(fields=RECORDS, at=st.integers(0, 1_500), byte=st.integers(0, 127), counts=st.text(max_size=6))
def test_a_spoilt_record_ends_in_an_error_or_in_nonsense_and_nowhere_else(
    fields: dict[str, Any], at: int, byte: int, counts: str
) -> None:
    plain = row(FIELDS | fields)
    text = plain[3]
    for spoilt in (text[:at], text[:at] + chr(byte) + text[at + 1 :], text[:at] + chr(byte) + text[at:]):
        try:
            compiled.make([(VIDEO, USER, None, spoilt, "{}", 0)], {USER: AUTHOR}, {})
        except ValueError:
            continue
    with pytest.raises(ValueError):  # noqa: PT011  # as above
        compiled.make([(*plain[:4], counts, 0)], {USER: AUTHOR}, {})
