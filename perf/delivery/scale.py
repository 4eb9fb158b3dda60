"""How large the crowd of a bench is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Users are numbered from 1. Every `users / built`-th has built feeds, every fifth is active."""

    followers: int  # of the celebrity: everybody
    built: int  # users with a Following feed of `entries` and a For You of `for_you`
    entries: int
    for_you: int
    creators: int  # small ones; the average has 40 followers
    middling: int  # creators between the two limits
    middling_followers: int
    pulled: int  # creators whose shared lists a reader merges
    sample: int  # feeds whose costs are measured apart

    @property
    def step(self) -> int:
        """A user has built feeds if the number divides by it."""
        return self.followers // self.built


FULL = Scale(1_000_000, 50_000, 500, 100, 10_000, 20, 5_000, 50, 2_000)
SMALL = Scale(6_000, 300, 20, 10, 40, 2, 1_200, 10, 100)
