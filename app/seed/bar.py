"""The progress bar of a seed."""

import sys

WIDTH = 30


def show(words: str, done: int, of: int) -> None:
    """Draws the bar anew on its line of standard error; a full one ends the line."""
    filled = WIDTH * done // max(of, 1)
    end = "\n" if done >= of else ""
    print(f"\r{words:<16} [{'█' * filled}{'·' * (WIDTH - filled)}] {done}/{of}", end=end, file=sys.stderr, flush=True)
