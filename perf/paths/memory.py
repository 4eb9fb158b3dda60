"""Measures the memory (resident set) of an API process that serves the whole community: every token verified and
remembered, every card read and held. In MB; 10,000 tokens and 50,000 cards on the stage of `make perf`.

Somebody's built For You holds each stretch of 20 videos, so that all pages together show every one. The card cache may
grow to as much as they take.
"""

from typing import Final

from perf.paths.asked import FOR_YOU
from perf.readings import Reading
from perf.servers.machine import resident_bytes
from perf.servers.rounds import Side, warm
from perf.servers.spread import spread
from perf.servers.stage import Stage

MB: Final = 1_000_000
CARD_CACHE_BYTES: Final = 256 * 2**20


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    people = stage.people()
    spread(stage)
    server = stage.server("product", "memory", KINORA_CARD_CACHE_BYTES=str(CARD_CACHE_BYTES))
    for _ in range(2):  # the second time everything is held
        warm(Side(server, FOR_YOU, stage.tokens, len(people)))
    size_mb = resident_bytes(server.pid) / MB
    stage.stop("memory")
    return Reading("memory", f"memory of an API process, {len(people)} tokens", size_mb, unit="MB")
