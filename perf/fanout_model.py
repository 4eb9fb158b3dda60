"""Which limits of the tiers cost least for a hundred million daily users: a simulation from measured costs.

    python -m perf.fanout_model [--set NAME=NUMBER]…

Not a law of nature but a calculation one can argue with: every assumption stands in `World`, every measured figure in
`Costs` (python -m perf.delivery measures them). Creators are drawn in classes of followers, a factor of two wide.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

DAY_S: Final = 86_400
BAR: Final = 44  # characters
CLASSES: Final = range(28)  # 1 … 2^27 followers
LIMITS: Final = (100, 1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000, 10_000_000, 10**9)
DOCUMENTED: Final = (1_000, 10_000)

PROMPT_S: Final = 10.0  # a push that takes longer is no push any more

Limits = tuple[int, int]  # followers from which selective, and above which pulled
S = TypeVar("S", bound=msgspec.Struct)


class Costs(msgspec.Struct, frozen=True):
    """CPU µs of worker or API, Valkey and PostgreSQL together, as docs/fan-out.md has them."""

    video: float = 1_700.0  # of a video, whatever its tier: the fact, its stamp, the shared list
    row: float = 5.2  # of a follower gone through: the row, and its place in the commands
    absent: float = 1.3  # of a key that holds no feed
    delivery: float = 10.0  # of a key that holds one
    pulled: float = 17.0  # of a pulled creator, for a page of Following
    feed_bytes: int = 21_104
    lag_per_follower_us: float = 10.0  # by the clock, of one worker


class World(msgspec.Struct, frozen=True):
    """The document's 100 M daily users and 30 M videos a day, and what it leaves open."""

    daily_users: int = 100_000_000
    monthly_users: int = 500_000_000
    videos_a_day: int = 30_000_000
    follows: int = 100  # of an average monthly user
    exponent: float = 2.1  # of the power law of followers: as of many social graphs, 2 to 2.3
    busier: float = 0.25  # videos a day grow with followers to this power
    pages: float = 8.0  # of Following, a daily user: one a session
    built: float = 0.35  # monthly users with a built Following: it lives 7 days
    for_you: float = 0.02  # with a built For You: it lives 30 minutes
    active: float = 0.15  # of monthly users: opened, watched and engaged


@dataclass(frozen=True)
class Class:
    """Creators of about so many followers; numbers are of the whole world."""

    followers: int
    creators: float
    videos: float  # a day, of all of them


@dataclass(frozen=True)
class Bill:
    """Cores at work the whole day through, by what they do; and the longest push."""

    push: float
    pull: float
    lag_s: float
    rows_per_s: float

    @property
    def cores(self) -> float:
        return self.push + self.pull


def classes(world: World) -> list[Class]:
    """Creators by followers, so that all follows and all videos are there."""
    sizes = [2**place for place in CLASSES]
    weights = [size ** (1 - world.exponent) for size in sizes]  # of a class twice as wide as the one before
    follows = world.follows * world.monthly_users
    scale = follows / sum(weight * size for weight, size in zip(weights, sizes, strict=True))
    creators = [weight * scale for weight in weights]
    pace = world.videos_a_day / sum(n * size**world.busier for n, size in zip(creators, sizes, strict=True))
    return [
        Class(size, number, number * pace * size**world.busier) for size, number in zip(sizes, creators, strict=True)
    ]


def bill(world: World, costs: Costs, limits: Limits, crowd: Sequence[Class]) -> Bill:
    """What a day costs with these limits."""
    selective_at, pull_at = limits
    push = pull = rows = longest = 0.0
    readers = world.daily_users / world.monthly_users
    for each in crowd:
        push += each.videos * costs.video
        reads = each.creators * each.followers * readers * world.pages * costs.pulled
        if each.followers > pull_at:
            pull += reads
            continue
        selective = each.followers >= selective_at
        keys = world.active if selective else 1.0
        full = min(world.built, keys) + min(world.for_you, keys)
        follower = costs.row + (2 * keys - full) * costs.absent + full * costs.delivery
        push += each.videos * each.followers * follower
        rows += each.videos * each.followers
        longest = max(longest, each.followers * costs.lag_per_follower_us / 1e6)
        if selective:
            pull += reads * max(0.0, 1 - world.active / readers)  # those who read and are not active
    return Bill(push / 1e6 / DAY_S, pull / 1e6 / DAY_S, longest, rows / DAY_S)


def grid(world: World, costs: Costs) -> dict[Limits, Bill]:
    """The bill for each pair of limits; where both are equal there is no selective tier."""
    crowd = classes(world)
    pairs = [(low, high) for low in LIMITS for high in LIMITS if low <= high]
    return {pair: bill(world, costs, pair, crowd) for pair in [*pairs, DOCUMENTED]}


def lines(world: World, costs: Costs) -> Iterator[str]:
    """The table, the chart, and what the documented limits cost beside the cheapest ones."""
    bills = grid(world, costs)
    yield f"{world.daily_users:,} daily users, {world.pages:g} pages of Following each, {world.videos_a_day:,} videos"
    yield from _table(bills)
    yield from _chart(bills)
    prompt = {pair: each for pair, each in bills.items() if each.lag_s <= PROMPT_S}
    yield _line("documented", DOCUMENTED, bills)
    yield _line(f"cheapest within {PROMPT_S:.0f} s", cheapest(prompt), bills)
    yield _line("cheapest at all", cheapest(bills), bills)
    feeds = world.built * world.monthly_users
    size = f"{costs.feed_bytes / 1000:.1f} KB, {feeds * costs.feed_bytes / 1e12:.1f} TB"
    yield f"\n{feeds:,.0f} built Following feeds of {size}"


def cheapest(bills: dict[Limits, Bill]) -> Limits:
    """The limits of the smallest bill."""
    return min(bills, key=lambda pair: bills[pair].cores)


def _line(name: str, pair: Limits, bills: dict[Limits, Bill]) -> str:
    found = bills[pair]
    what = (
        f"{found.cores:5.1f} cores (push {found.push:.1f}, pull {found.pull:.1f}), {found.rows_per_s:9,.0f} followers/s"
    )
    return f"{name:20} {_short(pair[0]):>6} /{_short(pair[1]):>6}: {what}, longest push {found.lag_s:,.1f} s"


def _table(bills: dict[Limits, Bill]) -> Iterator[str]:
    yield "\nCores, by selective from (down) and pulled above (across)"
    yield " " * 8 + "".join(f"{_short(high):>9}" for high in LIMITS)
    for low in LIMITS:
        cells = [f"{bills[low, high].cores:>9,.1f}" if low <= high else " " * 9 for high in LIMITS]
        yield f"{_short(low):>8}" + "".join(cells)


def _chart(bills: dict[Limits, Bill]) -> Iterator[str]:
    yield "\nCores with selective from 1 k, by the limit above which is pulled: █ push ░ pull"
    bars = {high: bills[1_000, high] for high in LIMITS if high >= 1_000}
    most = max(each.cores for each in bars.values())
    for high, each in bars.items():
        push = round(BAR * each.push / most)
        pull = round(BAR * each.cores / most) - push
        yield f"{_short(high):>8} {'█' * push}{'░' * pull} {each.cores:.1f}, longest push {each.lag_s:,.1f} s"
    yield ""


def _short(limit: int) -> str:
    if limit >= LIMITS[-1]:
        return "never"
    return f"{limit // 10**6} M" if limit >= 10**6 else f"{limit // 1000} k" if limit >= 1000 else str(limit)


def main() -> None:
    """Prints the model, with other assumptions if asked: `--set pages=2 --set delivery=12`."""
    parser = argparse.ArgumentParser(prog="python -m perf.fanout_model", description="What the tiers' limits cost.")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="an assumption or a cost")
    given = dict(each.split("=", 1) for each in parser.parse_args().set)
    world, costs = _with(World(), given), _with(Costs(), given)
    unknown = given.keys() - set(World.__struct_fields__) - set(Costs.__struct_fields__)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    print(*lines(world, costs), sep="\n")


def _with(value: S, given: dict[str, str]) -> S:
    known = {name: type(getattr(value, name))(text) for name, text in given.items() if name in value.__struct_fields__}
    return msgspec.structs.replace(value, **known)


if __name__ == "__main__":
    main()
