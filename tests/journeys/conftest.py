"""A person at the page: all of `kinora run`, and Debian's Chromium."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.faults.running import Run, running_run
from tests.journeys.person import Person

ROOT = Path(__file__).resolve().parents[2]
# Chromium asks the outside world for nothing, and plays without a gesture, muted as the page starts it.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """All of `kinora run`, with the page built."""
    assert (ROOT / "web/dist/index.html").is_file(), "the page is not built: run `make setup`"
    with running_run() as running:
        yield running


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser; as root it can't use its own sandbox."""
    binary = shutil.which("chromium")
    assert binary is not None, "chromium is missing: run `make setup`"
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=binary, args=flags)
        yield browser
        await browser.close()


@pytest.fixture
async def ana(chromium: Browser, run: Run) -> AsyncIterator[Person]:
    """Somebody at a desktop, not signed up yet."""
    async with Person.at(chromium, run.address, "ana", 1280, 800) as person:
        yield person


@pytest.fixture
async def ben(chromium: Browser, run: Run) -> AsyncIterator[Person]:
    """Somebody with a phone, not signed up yet."""
    async with Person.at(chromium, run.address, "ben", 390, 844) as person:
        yield person
