"""What people write, made safe to store and to show: one rule for every string field."""

import re
import unicodedata
from typing import Final

from app.core.errors import Invalid

_HASHTAG: Final = re.compile(r"[^\W_][\w]{0,49}\Z")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,29}\Z")
_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")
_KEPT_CONTROLS: Final = "\n"
_MARKS_IN_A_ROW: Final = 4


def clean(value: str, pointer: str, *, longest: int, shortest: int = 0, lines: bool = False) -> str:
    """NFC text without control, private, surrogate or direction-overriding characters, trimmed.

    `longest` counts characters after normalising. Line breaks are kept only with `lines`. Raises Invalid naming
    `pointer`.
    """
    if len(value) > 4 * longest + 64:  # bounded work before normalising
        raise Invalid(pointer, "too_long", f"At most {longest} characters.")
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    marks = 0
    for letter in value:
        category = unicodedata.category(letter)
        if category in {"Cc", "Cs", "Co", "Cn"} and not (lines and letter in _KEPT_CONTROLS):
            raise Invalid(pointer, "bad_character", f"The character U+{ord(letter):04X} is not allowed.")
        if letter in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068":
            raise Invalid(pointer, "bad_character", "Characters that turn the writing direction are not allowed.")
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MARKS_IN_A_ROW:
            raise Invalid(pointer, "bad_character", "Too many combining marks in a row.")
    if len(value) > longest:
        raise Invalid(pointer, "too_long", f"At most {longest} characters.")
    if len(value) < shortest:
        raise Invalid(pointer, "too_short", f"At least {shortest} character{'s' if shortest > 1 else ''}.")
    return value


def hashtag(value: str, pointer: str) -> str:
    """A hashtag without its `#`, lower case: letters, digits and `_`, at most 50."""
    tag = unicodedata.normalize("NFC", value[:200]).removeprefix("#").lower()
    if not _HASHTAG.match(tag):
        raise Invalid(pointer, "bad_hashtag", "A hashtag has 1–50 letters, digits or underscores.")
    return tag


def slug(value: str, pointer: str) -> str:
    """A category: a lower-case slug; `global` is reserved."""
    if not _SLUG.match(value) or value == "global":
        raise Invalid(pointer, "bad_slug", "A category is a lower-case word such as `dance`.")
    return value


def country(value: str, pointer: str) -> str:
    """An ISO 3166 code, upper case; `UK` reads as `GB`."""
    code = value.upper()
    if not _COUNTRY.match(code):
        raise Invalid(pointer, "bad_country", "A country is two letters, as in ISO 3166.")
    return "GB" if code == "UK" else code
