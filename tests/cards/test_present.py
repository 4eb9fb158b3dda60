"""From records to bytes: slots filled for each viewer, and nothing a person wrote can break out of its string."""

import json
from typing import Any

import hiredis
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.cards import present
from app.cards.card import Card
from app.cards.viewer import ViewerState
from app.core import ids
from app.ports.music import Music
from app.ports.users import User
from app.ports.videos import Counts, Location, Video, VideoAndCounts
from hotpath import records
from tests.factories import MEDIA, record, viewer_state

SECRET = b"s" * 32
NOW = 1_800_000_000_000
AUTHOR = User(
    user_id=ids.new("usr"),
    user_no=1,
    username="ana",
    display_name="Ana",
    avatar="a.jpg",
    created_at=NOW,
    updated_at=NOW,
)
NONE: frozenset[str] = frozenset()


def active(**fields: Any) -> Video:
    return record(AUTHOR.user_id, NOW, status="active", media=MEDIA, published_at=NOW, duration_ms=12_345, **fields)


def card_of(found: VideoAndCounts, author: User, music: Music | None) -> Card:
    """The card as it is stored, taken apart."""
    pieces = {music.music_id: music} if music else {}
    raws, _ = present.made([present.stored(found)], {author.user_id: present.author(author)}, pieces)
    return present.taken_apart(raws)[found.video.video_id]


def own_card_of(found: VideoAndCounts, author: User, music: Music | None) -> Card:
    assert music is None
    return present.own([found], {author.user_id: present.author(author)}, {})[found.video.video_id]


def hash_of(found: VideoAndCounts, author: User) -> dict[str, str] | None:
    """The documented hash, as Redis will have it."""
    _, hashes = present.made([present.stored(found)], {author.user_id: present.author(author)}, {})
    if not hashes:
        return None
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(hashes[found.video.video_id])
    words = reader.gets()
    assert isinstance(words, list)
    return dict(zip(words[::2], words[1::2], strict=True))


def shown(video: Video, viewer: ViewerState | None = None, counts: Counts = Counts(), **more: Any) -> Any:  # noqa: B008
    """The card as a client reads it."""
    made = card_of(VideoAndCounts(video, counts, 0), AUTHOR, None)
    return json.loads(present.splice([made], viewer, {}, SECRET, NOW, **more))[0]


def test_a_card_is_the_documented_video() -> None:
    video = active(location=Location(52.5, 13.4, "Berlin"), hashtags=("a", "b"), music_id="mus")
    music = Music("mus", "Song", "Band", 30)

    made = card_of(VideoAndCounts(video, Counts(1, 2, 3, 4, 5), 0), AUTHOR, music)
    (card,) = json.loads(present.splice([made], None, {}, SECRET, NOW))

    assert card["user"]["avatar_url"] == f"/avatars/{AUTHOR.user_id}/a.jpg"
    assert card["stats"] == {"views": 1, "likes": 2, "comments": 3, "shares": 4, "saves": 5}
    assert (card["duration_sec"], card["location"], card["hashtags"]) == (12.345, {"name": "Berlin"}, ["a", "b"])
    assert card["music"] == {"music_id": "mus", "title": "Song", "artist": "Band"}
    assert b"52.5" not in made.body
    assert b"13.4" not in made.body


def test_flags_are_the_viewers_own() -> None:
    video = active()
    bare, author = frozenset({video.video_id[4:]}), frozenset({AUTHOR.user_id[4:]})

    assert shown(video)["user_interaction"] == {"liked": False, "saved": False, "following": False}
    for sets in ({"liked": bare}, {"saved": bare}, {"following": author}, {"liked": bare, "following": author}):
        flags = shown(video, viewer_state("usr", **sets))["user_interaction"]
        assert {name for name, value in flags.items() if value} == set(sets)


def test_what_the_blob_cannot_say_the_store_says() -> None:
    video = active()
    made = card_of(VideoAndCounts(video, Counts(), 0), AUTHOR, None)

    older = {"like": frozenset({video.video_id}), "save": NONE}
    (card,) = json.loads(present.splice([made], viewer_state("usr"), older, SECRET, NOW))

    assert card["user_interaction"] == {"liked": True, "saved": False, "following": False}


def test_only_public_media_have_a_plain_address() -> None:
    for visibility, plain in (("public", True), ("friends", False), ("private", False)):
        both = VideoAndCounts(active(visibility=visibility), Counts(), 0)
        (card,) = json.loads(present.splice([own_card_of(both, AUTHOR, None)], None, {}, SECRET, NOW))
        addresses = [*card["urls"].values(), *card["thumbnails"], card["preview_sprite_url"], card["preview_vtt_url"]]
        assert len(addresses) == 4 + 5 + 2
        assert {address.startswith("/media/~") for address in addresses} == {not plain}


def test_a_card_says_what_its_addresses_begin_with_once() -> None:
    video = active()
    made = card_of(VideoAndCounts(video, Counts(), 0), AUTHOR, None)
    base = f"/media/{video.video_id}/{MEDIA.version}"

    assert (made.media_version, made.body.count(MEDIA.version.encode())) == (MEDIA.version, 0)
    assert shown(video)["urls"] == {
        "360p": f"{base}/360p/playlist.m3u8",
        "720p": f"{base}/720p/playlist.m3u8",
        "master": f"{base}/master.m3u8",
        "dash": f"{base}/manifest.mpd",
    }
    assert shown(video)["thumbnail_url"] == f"{base}/thumbnails/2.jpg"


def test_what_is_stored_lacks_the_thumbnails_to_choose_from_and_nothing_else() -> None:
    for video in (active(), active(visibility="private")):
        both = VideoAndCounts(video, Counts(1, 2), 3)
        stored, own = card_of(both, AUTHOR, None), own_card_of(both, AUTHOR, None)
        assert msgspec.structs.replace(own, body=stored.body) == stored
        card, whole = json.loads(present.splice([stored, own], None, {}, SECRET, NOW))
        five = whole.pop("thumbnails")
        assert (card, len(five), five[MEDIA.poster]) == (whole, 5, whole["thumbnail_url"])


def test_a_card_that_is_not_active_has_no_body_but_for_its_author() -> None:
    for status in ("uploading", "processing", "failed", "deleted"):
        both = VideoAndCounts(msgspec.structs.replace(active(), status=status), Counts(), 0)
        made, own = card_of(both, AUTHOR, None), own_card_of(both, AUTHOR, None)
        assert (made.active, made.body) == (False, b"")
        assert own.active
        (card,) = json.loads(present.splice([own], None, {}, SECRET, NOW))
        assert (card["status"], card["visibility"]) == (status, "public")
        assert card["urls"]["master"].startswith("/media/~")


def test_a_card_without_media_has_no_addresses() -> None:
    both = VideoAndCounts(record(AUTHOR.user_id, NOW), Counts(), 0)
    (card,) = json.loads(present.splice([own_card_of(both, AUTHOR, None)], None, {}, SECRET, NOW))
    assert (card["urls"], card["thumbnails"], card["thumbnail_url"], card["preview_vtt_url"]) == ({}, [], None, None)


def test_extras_become_members() -> None:
    assert shown(active(), extras=[b',"trending_score":7'])["trending_score"] == 7


def test_any_change_makes_a_newer_card() -> None:
    video = active()
    first = card_of(VideoAndCounts(video, Counts(), 3), AUTHOR, None).version
    saved = msgspec.structs.replace(video, version=video.version + 1)
    renamed = msgspec.structs.replace(AUTHOR, updated_at=AUTHOR.updated_at + 1)

    assert card_of(VideoAndCounts(saved, Counts(), 3), AUTHOR, None).version > first
    assert card_of(VideoAndCounts(video, Counts(likes=1), 4), AUTHOR, None).version > first
    assert card_of(VideoAndCounts(video, Counts(), 3), renamed, None).version > first


@given(texts=st.tuples(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60)))
def test_no_words_break_out_of_their_string(texts: tuple[str, str, str]) -> None:
    title, description, tag = texts
    if any(0xD800 <= ord(letter) < 0xE000 for text in texts for letter in text):
        return  # refused long before
    card = shown(active(title=title, description=description, hashtags=(tag,)))
    assert (card["title"], card["description"], card["hashtags"]) == (title, description, [tag])


def test_the_documented_hash_has_every_attribute_and_the_counts() -> None:
    video = active(hashtags=("a", 'b"'), description='"so"\n', location=Location(52.5, 13.4, "Berlin"))
    fields = hash_of(VideoAndCounts(video, Counts(likes=3), 0), AUTHOR)
    assert fields is not None
    assert fields.keys() == {*video.__struct_fields__, *Counts.__struct_fields__}
    assert (fields["title"], fields["description"], fields["status"]) == ("A clip", '"so"\n', "active")
    assert (fields["likes"], fields["views"], fields["music_id"], fields["allow_duet"]) == ("3", "0", "null", "true")
    for name in ("media", "location", "upload", "hashtags"):
        assert msgspec.json.decode(fields[name]) == msgspec.json.decode(msgspec.json.encode(getattr(video, name)))
        assert " " not in fields[name]


def test_what_an_older_record_lacks_is_as_a_new_one_has_it() -> None:
    fields = msgspec.structs.fields(Video)
    defaults = {field.name: _default(field) for field in fields}
    assert {name: text if text is None else json.loads(text) for name, text in records.VIDEO.items()} == defaults
    assert {name for name, text in records.VIDEO.items() if text is None} == {f.name for f in fields if f.required}
    assert {name: int(text or "") for name, text in records.COUNTS.items()} == msgspec.to_builtins(Counts())
    assert records.MEDIA.keys() <= {*MEDIA.__struct_fields__}


def _default(field: msgspec.structs.FieldInfo) -> object:
    value = field.default
    return None if value is msgspec.NODEFAULT else list(value) if isinstance(value, tuple) else value


def test_an_active_video_of_a_suspended_author_has_no_hash() -> None:
    suspended = msgspec.structs.replace(AUTHOR, suspended_at=NOW)
    deleted = msgspec.structs.replace(active(), status="deleted")
    assert hash_of(VideoAndCounts(active(), Counts(), 0), suspended) is None
    assert hash_of(VideoAndCounts(deleted, Counts(), 0), suspended) is not None


def test_an_empty_page_is_an_empty_array() -> None:
    assert present.splice([], None, {}, SECRET, NOW) == b"[]"


def test_the_card_of_a_suspended_author_is_a_newer_mark_without_a_body() -> None:
    found = VideoAndCounts(active(), Counts(), 0)
    shown_, hidden, back = (
        card_of(found, msgspec.structs.replace(AUTHOR, suspended_at=at, updated_at=NOW + n), None)
        for n, at in enumerate((None, NOW, None))
    )
    assert [card.active for card in (shown_, hidden, back)] == [True, False, True]
    assert hidden.body == b""
    assert shown_.version < hidden.version < back.version


def test_a_card_that_is_shown_says_its_category_in_its_header() -> None:
    both = VideoAndCounts(active(category="dance"), Counts(), 0)
    suspended = msgspec.structs.replace(AUTHOR, suspended_at=NOW)

    assert card_of(both, AUTHOR, None).category == "dance"
    assert card_of(both, suspended, None).category == ""
    assert own_card_of(both, suspended, None).category == "dance"
