"""Somebody changes their clip from the feed, whose cards come without the pictures to choose the cover from."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.factories_media import plain
from tests.journeys.person import Person

pytestmark = pytest.mark.browser


@pytest.mark.timeout(300)
async def test_a_cover_is_chosen_from_the_feed(ana: Person, tmp_path: Path) -> None:
    await ana.sign_up()
    await ana.upload(plain(tmp_path / "clip.mp4", size="360x640", seconds=3), "First light")
    await ana.visit("/")
    await ana.watches()
    before = str(await ana.see("active-video").get_attribute("poster"))

    await ana.clip("clip-menu").click()
    await ana.page.get_by_role("menuitem", name="Edit details").click()
    form = ana.see("edit-clip-form")
    await expect(form.get_by_label("Title")).to_have_value("First light")
    covers = form.get_by_role("radio", name=re.compile(r"^Picture \d of 5$"))
    await expect(covers).to_have_count(5)
    shown = [await cover.is_checked() for cover in await covers.all()]
    assert sum(shown) == 1
    chosen = 4 if shown[0] else 0
    await covers.nth(chosen).check(force=True)  # it lies unseen under its picture
    await form.get_by_label("Title").fill("Last light")
    await form.get_by_role("button", name="Save").click()

    await expect(form).to_have_count(0)
    await expect(ana.see("active-clip")).to_have_attribute("aria-label", re.compile("^Last light, by "))
    await expect(ana.see("active-video")).not_to_have_attribute("poster", before)
