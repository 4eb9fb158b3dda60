"""The main job, as a person does it: post a clip, and somebody who follows watches it seconds later."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.factories_media import flash_and_beep, plain
from tests.journeys.person import Person

pytestmark = pytest.mark.browser


@pytest.mark.timeout(300)
async def test_a_clip_is_posted_and_a_follower_watches_it(ana: Person, ben: Person, tmp_path: Path) -> None:
    await ana.sign_up()
    await ben.sign_up()

    await ben.visit(f"/@{ana.name}")
    await expect(ben.see("profile-name")).to_be_visible()
    await ben.see("profile-follow").click()
    await expect(ben.see("profile-follow")).to_have_text(re.compile("Following"))

    clip = plain(tmp_path / "clip.mp4", size="360x640", seconds=3)
    address = await ana.upload(clip, "First light")
    await ana.visit(address)
    await ana.watches()

    await ben.visit("/following")
    await expect(ben.see("active-clip")).to_have_attribute("aria-label", re.compile("^First light, by "))
    await ben.watches()

    await ben.clip("like-button").click()
    await expect(ben.clip("like-button")).to_have_attribute("aria-pressed", "true")
    await ben.clip("comments-button").click()
    await ben.see("comment-box").fill("Lovely, from the first row.")
    await ben.see("comment-send").click()
    await expect(ben.see("comment")).to_contain_text("Lovely, from the first row.")

    await ana.visit(address)
    await expect(ana.clip("like-button")).to_have_attribute("aria-label", re.compile(", 1$"), timeout=10_000)
    # A desktop shows a clip's comments beside it at once.
    await expect(ana.see("comment")).to_contain_text("Lovely, from the first row.")


@pytest.mark.timeout(300)
async def test_the_keyboard_is_enough(ana: Person, tmp_path: Path) -> None:
    await ana.sign_up()
    for number in (1, 2):
        await ana.upload(plain(tmp_path / f"{number}.mp4", size="360x640", seconds=2), f"Clip {number}")
    await ana.visit("/")
    await ana.watches()
    first = await ana.see("active-clip").get_attribute("aria-label")
    await ana.page.keyboard.press("ArrowDown")
    await expect(ana.see("active-clip")).not_to_have_attribute("aria-label", str(first))
    await ana.watches()
    await ana.page.keyboard.press("l")
    await expect(ana.clip("like-button")).to_have_attribute("aria-pressed", "true")
    await ana.page.keyboard.press("ArrowUp")
    await expect(ana.see("active-clip")).to_have_attribute("aria-label", str(first))


@pytest.mark.timeout(300)
async def test_an_upload_is_resumed_after_a_reload(ana: Person, tmp_path: Path) -> None:
    """A file of several parts; the page is reloaded when the first has arrived."""
    clip = flash_and_beep(tmp_path / "long.mp4")
    with clip.open("ab") as file:  # a `free` box: valid, ignored, and more than the 16 MB that parts begin at
        padding = 18 * 2**20
        file.write((padding + 8).to_bytes(4, "big") + b"free" + bytes(padding))
    await ana.sign_up()
    await ana.visit("/upload")
    await ana.see("file-input").set_input_files(clip)
    await ana.see("upload-form").get_by_label("Title").fill("In parts")
    async with ana.page.expect_response(lambda answer: "/parts/" in answer.url and answer.ok):
        await ana.see("upload-submit").click()
    await ana.page.reload()
    await ana.visit("/upload")
    await expect(ana.see("unfinished")).to_contain_text("In parts")
    resume = ana.see("resume-input")
    if await resume.count():
        await resume.set_input_files(clip)
    else:
        await ana.see("resume-button").click()
    await expect(ana.see("upload-progress")).to_have_attribute("data-phase", "done", timeout=90_000)
