"""Prints what fan-out costs and how late it is, at full scale or at one that takes seconds.

    python -m perf.delivery [--small]

Starts a PostgreSQL and a Valkey of its own, some 3 GB at full scale, and judges nothing. Times are the machine's:
compare those of one run alone.
"""

import argparse
import logging

import uvloop

from perf.delivery.bench import measure
from perf.delivery.report import lines
from perf.delivery.scale import FULL, SMALL


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m perf.delivery", description="What fan-out costs.")
    parser.add_argument("--small", action="store_true", help="a crowd of thousands instead of a million")
    logging.basicConfig(level=logging.WARNING)
    figures = uvloop.run(measure(SMALL if parser.parse_args().small else FULL))
    print(*lines(figures), sep="\n")


if __name__ == "__main__":
    main()
