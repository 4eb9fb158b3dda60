"""What was printed, kept for people: `perf/results/`, which is not under version control."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("results")


class Results:
    """Prints lines, and keeps them in one file, written anew by each run."""

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / f"{name}.txt"
        self.path.write_text("")

    def __call__(self, line: str) -> None:
        print(line, flush=True)
        with self.path.open("a") as file:
            file.write(line + "\n")
