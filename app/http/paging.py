"""Path and query parameters that many routes share: one rule for all. Out of range is refused, never clamped."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

Id = Annotated[str, PathParameter(max_length=64, description="An id; `@name` where people are meant.")]
Limit = Annotated[int, QueryParameter(ge=1, le=50, description="How many, 1–50.")]
Cursor = Annotated[str | None, QueryParameter(max_length=1024, description="`next_cursor` of the page before.")]
PageNumber = Annotated[int, QueryParameter(ge=0, le=100_000, description="The page, from 0.")]
