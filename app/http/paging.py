"""Query parameters of lists: one rule for all of them. Out of range is refused, never clamped."""

from typing import Annotated

from litestar.params import Parameter

Limit = Annotated[int, Parameter(ge=1, le=50, description="How many, 1–50.")]
Cursor = Annotated[str | None, Parameter(max_length=1024, description="`next_cursor` of the page before.")]
PageNumber = Annotated[int, Parameter(ge=0, le=100_000, description="The page, from 0.")]
