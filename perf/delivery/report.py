"""The printed figures."""

import os
from collections.abc import Iterator, Sequence

from perf.delivery.bench import Figures
from perf.delivery.feed_costs import BatchCosts, FeedCosts
from perf.delivery.pushes import Wave


def lines(figures: Figures) -> Iterator[str]:
    """All tables. CPU is that of this process (the worker), Valkey and PostgreSQL; a delivery is one video added to one
    built feed, of which a follower has two."""
    scale = figures.scale
    yield f"{scale.followers:,} followers of a celebrity, {scale.built:,} of them with built feeds of {scale.entries}"
    yield f"and {scale.for_you}; {scale.creators:,} small creators of {_mean(figures):.0f} followers on average"
    yield f"Load of the machine afterwards: {', '.join(f'{load:.1f}' for load in os.getloadavg())}"
    yield from _waves(figures.waves)
    yield from _lags(figures.waves)
    yield from _feeds(figures.feeds)
    yield from _batches(figures.batches)
    pulls = figures.pulls
    yield f"\nCPU µs of a page of Following: {pulls.page_worker_us:.0f} and Valkey's {pulls.page_valkey_us:.1f},"
    yield f"and for each of {pulls.lists} pulled creators {pulls.list_worker_us:.1f} and {pulls.list_valkey_us:.1f}"


def _waves(waves: Sequence[Wave]) -> Iterator[str]:
    row = "{:28} {:>10} {:>10} {:>7} {:>7} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}"
    yield "\n" + row.format(
        *("wave", "followers", "deliveries", "wall s", "CPU s", "deliv/s/core", "worker µs", "Valkey µs", "PG µs"),
        *("Valkey µs", "probe p99"),
    )
    yield row.format(*[""] * 6, "follower", "follower", "follower", "delivery", "ms")
    for wave in waves:
        cpu, followers = wave.cpu, max(1, wave.followers)
        yield row.format(
            wave.name,
            f"{wave.followers:,}",
            f"{wave.deliveries:,}",
            f"{cpu.wall:.1f}",
            f"{cpu.all:.1f}",
            f"{wave.deliveries / cpu.all:,.0f}",
            *(f"{1e6 * each / followers:.2f}" for each in (cpu.worker, cpu.valkey, cpu.postgres)),
            f"{1e6 * cpu.valkey / max(1, wave.deliveries):.1f}",
            f"{1e3 * at(wave.probes_s, 0.99):.1f}",
        )


def _lags(waves: Sequence[Wave]) -> Iterator[str]:
    row = "{:28} {:22} {:>7} {:>8} {:>8} {:>8}"
    yield "\n" + row.format("lag, from commit to done", "tier", "videos", "p50 s", "p99 s", "last s")
    for wave in waves:
        for tier, lags_s in wave.lags_s.items():
            quantiles_s = (at(lags_s, 0.5), at(lags_s, 0.99), lags_s[-1])
            yield row.format(wave.name, tier, len(lags_s), *(f"{each:.2f}" for each in quantiles_s))


def _feeds(feeds: Sequence[FeedCosts]) -> Iterator[str]:
    row = "{:28} {:>9} {:>8} {:>8} {:>8} {:>8} {:>10} {:>8}"
    yield "\n" + row.format(
        *("listpack entries at most", "encoding", "bytes", "push µs", "absent", "page", "deep page", "build")
    )
    for each in feeds:
        figures = (each.push_us, each.absent_us, each.page_us, each.deep_page_us, each.build_us)
        yield row.format(each.limit, each.encoding, each.size_bytes, *(f"{figure:.1f}" for figure in figures))


def _batches(batches: Sequence[BatchCosts]) -> Iterator[str]:
    row = "{:28} {:>9} {:>10} {:>14}"
    yield "\n" + row.format("keys a call, all built", "push µs", "call ms", "probe p99 ms")
    for each in batches:
        yield row.format(each.keys, f"{each.push_us:.1f}", f"{each.call_ms:.2f}", f"{each.probe_p99_ms:.1f}")


def at(ascending: Sequence[float], share: float) -> float:
    """The quantile."""
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]


def _mean(figures: Figures) -> float:
    [small] = [wave for wave in figures.waves if wave.name == "small creators"]
    return small.followers / small.videos
