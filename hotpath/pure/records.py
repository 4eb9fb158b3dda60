"""From the record of a video, as a store has it, to what is kept of it: its card, and the words of its hash."""

import json
import re

from hotpath.pure.cards import PREFIX_SLOT, VIEWER_SLOT
from hotpath.pure.fanout import pack
from hotpath.pure.shelf import CATEGORY_BYTES, ID_BYTES, MEDIA_VERSION_BYTES

Stored = tuple[str, str, str | None, str, str, int]
"""A video's id, its author's, that of its music; the JSON objects of its members and of its counts; their version."""

Author = tuple[str, str, str, str | None, bool, int, bool]
"""Id, name, name displayed, name of the picture's version, whether verified; when changed, in ms; whether suspended."""

Piece = tuple[str, str, str]
"""A piece of music: id, title, artist."""

Fields = dict[str, str | None]
"""Members of an object by name, with the JSON that stands for one that is absent; None for those that never are."""


def _as_jsonb_has_them(fields: Fields) -> Fields:
    """Shorter names first. Members are found where they are awaited; in another order it takes longer, no more."""
    return dict(sorted(fields.items(), key=lambda field: (len(field[0]), field[0])))


VIDEO = _as_jsonb_has_them(
    dict.fromkeys(("video_id", "user_id", "created_at", "updated_at", "title", "upload"))
    | dict.fromkeys(("version", "progress", "duration_ms", "width", "height", "reserved_bytes"), "0")
    | dict.fromkeys(("moderation_flags", "hashtags", "effects"), "[]")
    | dict.fromkeys(("publish_at", "published_at", "failure", "music_id", "location", "media"), "null")
    | dict.fromkeys(("uploaded_at", "processing_started_at", "processed_at", "moderated_at", "deleted_at"), "null")
    | dict.fromkeys(("allow_comments", "allow_duet", "allow_stitch"), "true")
    | {"status": '"uploading"', "moderation_status": '"pending"', "visibility": '"public"'}
    | {"description": '""', "category": '"other"'}
)
COUNTS: Fields = dict.fromkeys(("views", "likes", "comments", "shares", "saves"), "0")
MEDIA = _as_jsonb_has_them(
    dict.fromkeys(("attempt", "epoch", "renditions", "thumbnails", "poster", "sprite", "sprite_vtt", "master", "dash"))
)
PLACE: Fields = {"name": "null"}

AS_THEY_ARE = (
    *("title", "description", "category", "hashtags", "created_at", "published_at", "status", "visibility"),
    *("allow_comments", "allow_duet", "allow_stitch", "width", "height"),
)
"""Members of a body that are the record's, in their order."""

_MOST_MORE = 2**62  # than a record's own version
_LETTERS = {'"public"': b"P", '"friends"': b"F", '"private"': b"X"}
_PREFIX = PREFIX_SLOT.decode()
_TEXT_OR_SPACE = re.compile(r'"(?:[^"\\]|\\.)*"|[ \t\r\n]+', re.DOTALL)
_DECODE = json.JSONDecoder().raw_decode


def make(
    rows: list[Stored], authors: dict[str, Author], pieces: dict[str, Piece], own: bool = False
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The cards of records by their videos' ids, and the words of their hashes; nothing for one without an author.

    A card is a header and a body, as `app.cards.card` says; without a body unless it is shown: active, with media, by
    somebody who is not suspended. The words of a hash are an array of texts as it goes over the wire, names and values
    in turns: every member of the record, then the counts; of a text what it says, of anything else its JSON. There is
    none of an active video that is not shown.

    Cards for their authors (`own`) have bodies in any case, with all thumbnails to choose from, and no hashes; one that
    is not shown says that it is private. In bodies and hashes JSON has no spaces, and texts no escapes but those that
    they need. The caller's objects are JSON: of what is none come a ValueError or bytes that make no sense. ValueError
    for a media version or a category that is too long for a header, and for numbers that are none.
    """
    cards: dict[str, bytes] = {}
    hashes: dict[str, bytes] = {}
    for video_id, user_id, music_id, document, counts, counts_version in rows:
        author = authors.get(user_id)
        if author is None:
            continue
        video, numbers = _members(document, VIDEO), _members(counts, COUNTS)
        active = video["status"] == '"active"'
        shown = active and video["media"] != "null" and not author[6]
        media = None if video["media"] == "null" else _members(video["media"], MEDIA)
        more = counts_version + author[5]
        card = _head(video, media, author[0], more, has_body=shown or own, private=own and not shown)
        if shown or own:
            piece = pieces.get(music_id) if music_id is not None else None
            card += _body(video, media, numbers, _brief(author), piece, own).encode()
        cards[video_id] = card
        if not own and (shown or not active):
            hashes[video_id] = pack([_said(word) for pair in (*video.items(), *numbers.items()) for word in pair])
    return cards, hashes


def _head(
    video: dict[str, str], media: dict[str, str] | None, author_id: str, more: int, *, has_body: bool, private: bool
) -> bytes:
    if len(author_id) != ID_BYTES:
        raise ValueError("an author's id has 30 bytes")
    published_at = 0 if video["published_at"] == "null" else _number(video["published_at"])
    letter = b"X" if private else _LETTERS.get(video["visibility"])
    version = _number(video["version"]) + more
    if letter is None or not 0 <= more <= _MOST_MORE or published_at >= 10**13:
        raise ValueError("the record's version, visibility or time is malformed")
    media_version = category = b""
    if has_body:
        category = _said(video["category"]).encode("ascii")
        if media:
            media_version = f"{_said(media['attempt'])}.{_number(media['epoch'])}".encode("ascii")
    if len(media_version) > MEDIA_VERSION_BYTES or len(category) > CATEGORY_BYTES:
        raise ValueError("the media version or the category is too long")
    head = b"%020d2%b%b%b%013d" % (version, letter, b"A" if has_body else b"-", author_id.encode("ascii"), published_at)
    return head + b"%02d%02d" % (len(media_version), len(category)) + media_version + category


def _body(
    video: dict[str, str],
    media: dict[str, str] | None,
    counts: dict[str, str],
    brief: str,
    piece: Piece | None,
    own: bool,
) -> str:
    members = [
        f'"video_id":{video["video_id"]}',
        f'"user":{brief}',
        *(f'"{name}":{video[name]}' for name in AS_THEY_ARE),
    ]
    place = "null" if video["location"] == "null" else _members(video["location"], PLACE)["name"]
    members.append(f'"location":{{"name":{place}}}' if place not in ("null", '""') else '"location":null')
    members += _addresses(media, own)
    members.append(f'"duration_sec":{_seconds(_number(video["duration_ms"]))}')
    members.append(f'"stats":{_object(counts)}')
    members.append(f'"user_interaction":{VIEWER_SLOT.decode()}')
    music = None if piece is None else dict(zip(("music_id", "title", "artist"), map(_json, piece), strict=True))
    members.append(f'"music":{_object(music)}')
    return "{" + ",".join(members) + "}"


def _addresses(media: dict[str, str] | None, own: bool) -> list[str]:
    """Members with the addresses of media; files' names are of an alphabet in which nothing needs escaping."""
    if media is None:
        nowhere = ['"urls":{}', '"thumbnail_url":null', '"preview_sprite_url":null', '"preview_vtt_url":null']
        return [*nowhere[:2], '"thumbnails":[]', *nowhere[2:]] if own else nowhere
    names = [_file(text) for text in _items(media["renditions"])]
    urls = [f'"{name}":"{_PREFIX}/{name}/playlist.m3u8"' for name in names]
    urls += (f'"{name}":{_address(media[name])}' for name in ("master", "dash"))
    thumbnails = list(map(_address, _items(media["thumbnails"])))
    poster = _number(media["poster"])
    if poster >= len(thumbnails):
        raise ValueError("there is no such thumbnail")
    members = ['"urls":{' + ",".join(urls) + "}", f'"thumbnail_url":{thumbnails[poster]}']
    if own:
        members.append('"thumbnails":[' + ",".join(thumbnails) + "]")
    members.append(f'"preview_sprite_url":{_address(media["sprite"])}')
    return [*members, f'"preview_vtt_url":{_address(media["sprite_vtt"])}']


def _address(name: str) -> str:
    return f'"{_PREFIX}/{_file(name)}"'


def _file(name: str) -> str:
    if not name.startswith('"') or "\\" in name:
        raise ValueError("not a file's name")
    return name[1:-1]


def _brief(author: Author) -> str:
    user_id, username, display_name, avatar, verified, _, _ = author
    address = f"/avatars/{user_id}/{avatar}" if avatar else None
    names = ("user_id", "username", "display_name", "avatar_url", "verified")
    return _object(dict(zip(names, map(_json, (user_id, username, display_name, address, verified)), strict=True)))


def _object(members: dict[str, str] | None) -> str:
    if members is None:
        return "null"
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def _seconds(thousandths: int) -> str:
    return repr(thousandths / 1000)


def _number(text: str) -> int:
    """Whole and not negative."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise ValueError("not a number")
    return int(text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _said(text: str) -> str:
    """Of a text what it says, of anything else its JSON."""
    return str(json.loads(text)) if text.startswith('"') else text


def _canonical(text: str) -> str:
    """JSON without spaces, and with no escapes in its texts but those that they need."""
    return _TEXT_OR_SPACE.sub(lambda found: _json(json.loads(found[0])) if found[0][0] == '"' else "", text)


def _members(text: str, fields: Fields) -> dict[str, str]:
    """The JSON of an object's members of these names, without spaces."""
    found = fields | {name: value for name, value in _pairs(text) if name in fields}
    known = {name: value for name, value in found.items() if value is not None}
    if len(known) < len(fields):
        raise ValueError("the object lacks a member")
    return known


def _pairs(text: str) -> list[tuple[str, str]]:
    """An object's members, each with its JSON as it is written but for spaces and escapes."""
    text = _canonical(text)
    if not text.startswith("{"):
        raise ValueError("not an object")
    pairs: list[tuple[str, str]] = []
    at = 0
    while text[at:] != "}" and text != "{}":
        if text[at : at + 1] != ("," if pairs else "{"):
            raise ValueError("not an object")
        name, colon = _DECODE(text, at + 1)
        _, at = _DECODE(text, colon + 1)
        pairs.append((name, text[colon + 1 : at]))
    return pairs


def _items(text: str) -> list[str]:
    """An array's texts, each as JSON."""
    items = json.loads(text)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("not an array of texts")
    return list(map(_json, items))
