"""An author's words, cleaned by the same rules at upload and at every change."""

from collections.abc import Mapping
from typing import Any

from app.core import ids, text
from app.core.errors import FieldError, Invalid
from app.ports.videos import Location
from app.services.video import moderation
from app.services.video.schemas import Place


def title(value: str) -> str:
    """1–150 characters on one line."""
    return text.clean(value, "/title", longest=150, shortest=1)


def description(value: str) -> str:
    """At most 2,200 characters."""
    return text.clean(value, "/description", longest=2200, lines=True)


def hashtags(values: list[str]) -> tuple[str, ...]:
    """At most ten, each once, in the order given."""
    return tuple(dict.fromkeys(text.hashtag(value, f"/hashtags/{index}") for index, value in enumerate(values)))


def effects(values: list[str]) -> tuple[str, ...]:
    """Names of effects: lower-case words joined by `_`."""
    for index, value in enumerate(values):
        if not value.replace("_", "").isalnum() or not value.isascii():
            raise Invalid(f"/effects/{index}", "bad_effect", "An effect is a word such as `filter_vintage`.")
    return tuple(dict.fromkeys(values))


def location(value: Place | None) -> Location | None:
    """At the precision the author chose."""
    if value is None:
        return None
    name = text.clean(value.name, "/location/name", longest=100) if value.name else None
    return Location(value.lat, value.lng, name or None)


def music_id(value: str | None) -> str | None:
    """A well-formed id, or none."""
    if value is not None and not ids.is_id(value, "mus"):
        raise Invalid("/music_id", "unknown_music", "There is no such piece of music.")
    return value


def refuse_flagged(said: Mapping[str, str]) -> None:
    """Words that would never be approved are refused where they are written. `said` maps pointers to texts."""
    faults = [
        FieldError(pointer, flag, "These words are not allowed on this platform.")
        for pointer, spoken in said.items()
        for flag in moderation.judge_words(spoken)
    ]
    if faults:
        raise Invalid(faults[0].pointer, faults[0].code, faults[0].detail, *faults[1:])


def said_by(fields: Mapping[str, Any]) -> dict[str, str]:
    """The words among a record's fields, by their pointers; absent fields say nothing."""
    said = {f"/{name}": fields[name] for name in ("title", "description") if name in fields}
    return said | {f"/hashtags/{index}": tag for index, tag in enumerate(fields.get("hashtags", ()))}
