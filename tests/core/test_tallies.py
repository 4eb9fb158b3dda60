"""What is counted in the process first is the same a moment later, and can be had at once."""

import asyncio

from prometheus_client import CollectorRegistry, Counter

from app.core.metrics import TALLIED_S, Stopwatch, Tally, Timings, settle


async def test_a_tally_reaches_its_counter_a_moment_later() -> None:
    counter = Counter("asked", "Asked.", registry=CollectorRegistry())
    settle()
    tally = Tally(counter)

    tally.inc(0)
    tally.inc()
    tally.inc(2)
    before = counter._value.get()
    for _ in range(200):
        await asyncio.sleep(TALLIED_S / 4)  # between two looks
        if counter._value.get():
            break

    assert (before, counter._value.get()) == (0, 3)


async def test_a_stopwatch_gives_what_observing_one_by_one_gives() -> None:
    registry = CollectorRegistry()
    one_by_one = Timings("one", "One by one.", buckets=(0.001, 0.0025, 5.0), registry=registry)
    gathered = Timings("other", "Gathered.", buckets=(0.001, 0.0025, 5.0), registry=registry)
    counter = Counter("both", "Both.", registry=registry)
    stopwatch = Stopwatch(gathered, counter, (0.001, 0.0025, 5.0))

    for round_s in ((0.0, 0.001, 0.0011, 0.0025), (4.9, 5.1, 60.0)):
        for took_s in round_s:
            one_by_one.observe(took_s)
            if stopwatch.series.add(took_s):
                stopwatch.begun()
        settle()

        seen: dict[str, list[tuple[str, dict[str, str], float]]] = {"one": [], "other": [], "both": []}
        for family in registry.collect():
            seen[family.name] += [
                (sample.name.removeprefix(family.name), sample.labels, sample.value)
                for sample in family.samples
                if not sample.name.endswith("_created")
            ]
        assert seen["one"] == seen["other"]
        counts = [value for name, _, value in seen["one"] if name == "_count"]
        assert [value for _, _, value in seen["both"]] == counts
        assert len(seen["one"]) == 6
