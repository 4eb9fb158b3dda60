"""Measures what a For You page that is in the caches costs Valkey, in µs: a time, so it is printed and not gated."""

from perf.paths.asked import against_documented
from perf.readings import Reading
from perf.servers.rounds import middle
from perf.servers.stage import Stage


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    own_us = middle(against_documented(stage, rounds, planted).measured).redis_us
    return Reading("redis-page", "Valkey, a For You hit", own_us, own_us, unit="µs")
