"""The rule-based check of a video's words. Pictures and sound are judged elsewhere, by the same fact.

A word counts as a whole word after folding: case, width, accents and the digits that pass for letters.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final

from app.ports.videos import Moderation, Video

_FOLD: Final = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s", "@": "a"})
_WORDS: Final = re.compile(r"[^\W\d_]+")

# Stems (also of two or three words run together) by the flag they raise. Deliberately short: it stops the plainest
# cases, people judge the rest.
_STEMS: Final = {
    "hate_speech": ("untermensch", "whitepower", "gasthem"),
    "violence": ("beheading", "snufffilm", "killyourself"),
    "sexual_minors": ("childporn", "pedoporn"),
    "fraud": ("freebitcoin", "doubleyourmoney"),
}


def judge_words(*texts: str) -> tuple[str, ...]:
    """The flags these texts raise, sorted; none means nothing was found."""
    flags: set[str] = set()
    for text in texts:
        words = _WORDS.findall(_folded(text))
        pairs = {left + right for left, right in pairwise(words)}
        triples = {a + b + c for a, b, c in zip(words, words[1:], words[2:], strict=False)}
        spoken = set(words) | pairs | triples
        flags.update(flag for flag, stems in _STEMS.items() if any(w.startswith(s) for w in spoken for s in stems))
    return tuple(sorted(flags))


def judge(video: Video) -> tuple[Moderation, tuple[str, ...]]:
    """The verdict on a record's words and the flags behind it."""
    flags = judge_words(video.title, video.description, *video.hashtags)
    return ("rejected", flags) if flags else ("approved", ())


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).translate(_FOLD)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
