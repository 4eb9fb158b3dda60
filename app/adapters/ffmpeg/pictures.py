"""Which stills become thumbnails, and the text of the preview sprite. Pure."""

from collections.abc import Sequence

from app.adapters.ffmpeg.ladder import Plan
from app.adapters.ffmpeg.verify import Verdict

THUMBNAILS = 5
SPRITE, SPRITE_VTT = "sprite.jpg", "sprite.vtt"


def choose(plan: Plan, verdicts: Sequence[Verdict]) -> tuple[list[int], int]:
    """-> (five indices into the plan's candidates, in the order of time; which of the five is the poster).

    One from each fifth of the video, the one with most contrast; where a fifth is black, the best one left elsewhere.
    The author's frame takes its fifth's place and is the poster; if it is black, the nearest one that isn't. Only of a
    video that is black throughout is a thumbnail black.
    """
    usable = [index for index, verdict in enumerate(verdicts) if not verdict.is_black] or list(range(len(verdicts)))
    by_contrast = sorted(usable, key=lambda index: -verdicts[index].contrast)
    poster = by_contrast[0]
    if plan.wanted is not None:
        frame = plan.wanted
        poster = min(usable, key=lambda index: abs(plan.candidates[index] - frame))
    chosen = {poster}
    fifths = {_fifth(plan, poster)}
    for index in by_contrast:
        if _fifth(plan, index) not in fifths:
            chosen.add(index)
            fifths.add(_fifth(plan, index))
    for index in by_contrast:
        if len(chosen) < THUMBNAILS:
            chosen.add(index)
    ordered = sorted(chosen)
    ordered += [ordered[-1]] * (THUMBNAILS - len(ordered))
    return ordered, ordered.index(poster)


def _fifth(plan: Plan, index: int) -> int:
    return plan.candidates[index] * THUMBNAILS // plan.source.frames


def sprite_vtt(plan: Plan) -> str:
    """WebVTT whose cues point at tiles of the sprite by media fragments (`#xywh`)."""
    lines = ["WEBVTT", ""]
    end_ms = round(plan.source.duration * 1000)
    for index in range(plan.tiles):
        begin_ms = round(plan.seconds(index * plan.tile_every) * 1000)
        until_ms = min(round(plan.seconds((index + 1) * plan.tile_every) * 1000), end_ms)
        row, column = divmod(index, plan.sprite_columns)
        at = f"{column * plan.tile_width},{row * plan.tile_height},{plan.tile_width},{plan.tile_height}"
        lines += [f"{_clock(begin_ms)} --> {_clock(until_ms)}", f"{SPRITE}#xywh={at}", ""]
    return "\n".join(lines)


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"
