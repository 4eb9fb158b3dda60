"""What people write, made safe to store and to show: one rule for every string field."""

import re
import unicodedata
from typing import Final

from app.core.errors import Invalid

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,29}\Z")
_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")
_KEPT_CONTROLS: Final = "\n"
_MARKS_IN_A_ROW: Final = 4
_HASHTAG_LONGEST: Final = 50
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Me", "Zs", "Zl", "Zp"})  # alone, these show nothing


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
        if _unfit(letter, category) and not (lines and letter in _KEPT_CONTROLS):
            raise Invalid(pointer, "bad_character", f"The character U+{ord(letter):04X} is not allowed.")
        if letter in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068":
            raise Invalid(pointer, "bad_character", "Characters that turn the writing direction are not allowed.")
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MARKS_IN_A_ROW:
            raise Invalid(pointer, "bad_character", "Too many combining marks in a row.")
    if len(value) > longest:
        raise Invalid(pointer, "too_long", f"At most {longest} characters.")
    if len(value) < shortest or (shortest and all(unicodedata.category(letter) in _INVISIBLE for letter in value)):
        raise Invalid(pointer, "too_short", f"At least {shortest} character{'s' if shortest > 1 else ''}.")
    return value


def hashtag(value: str, pointer: str) -> str:
    """A hashtag without its `#`, lower case: letters with their marks, digits and `_`, at most 50."""
    tag = clean(value, pointer, longest=_HASHTAG_LONGEST + 1).removeprefix("#").lower()
    # Many scripts write vowels as marks, which `\w` does not match.
    whole = all(letter == "_" or unicodedata.category(letter)[0] in "LNM" for letter in tag)
    if not whole or not 1 <= len(tag) <= _HASHTAG_LONGEST or not tag[0].isalnum():
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
    if not value.isascii() or not _COUNTRY.match(code):
        raise Invalid(pointer, "bad_country", "A country is two letters, as in ISO 3166.")
    return "GB" if code == "UK" else code


def _unfit(letter: str, category: str) -> bool:
    """Control, private and surrogate characters, and noncharacters; not the letters of a newer Unicode than ours."""
    return category in {"Cc", "Cs", "Co"} or ord(letter) & 0xFFFE == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"
