"""What a run is told, as KINORA_LOAD_* variables: Locust starts in a process of its own."""

import os
from pathlib import Path
from typing import Final

import msgspec

from loadtest import targets
from loadtest.rates import Plan

PREFIX: Final = "KINORA_LOAD_"


class Run(msgspec.Struct, frozen=True):
    """One run. `uploads` multiplies the documented rate of uploads; without `tokens` people are registered."""

    plan: Plan
    out: Path
    tokens: Path | None = None
    password: str = "kinora-load"
    uploads: float = 1.0
    targets: Path = targets.FILE

    def environ(self) -> dict[str, str]:
        """The variables that say so."""
        return {f"{PREFIX}RUN": msgspec.json.encode(self, enc_hook=str).decode()}

    @classmethod
    def of_environ(cls) -> "Run":
        """The run that this process was started for."""
        return msgspec.json.decode(os.environ[f"{PREFIX}RUN"], type=cls, dec_hook=lambda kind, text: kind(text))
