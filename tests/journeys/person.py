"""What a person does with the page, in the page's own words. Any error the page meets fails the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from tests.factories import PASSWORD, fresh_name

PATIENCE_MS = 90_000  # a transcode on two busy cores


class Person:
    """One browser profile: its own cookies and storage."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page = page
        self.address = address
        self.name = name
        self.troubles: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("response", self._answered)

    @classmethod
    @asynccontextmanager
    async def at(cls, browser: Browser, address: str, stem: str, width: int, height: int) -> AsyncIterator["Person"]:
        """Somebody at a screen of this size."""
        touch = width < 600
        context = await browser.new_context(viewport={"width": width, "height": height}, has_touch=touch)
        context.set_default_timeout(15_000)
        person = cls(await context.new_page(), address, fresh_name(stem))
        yield person
        await context.close()
        assert person.troubles == []

    async def visit(self, path: str) -> None:
        """Opens an address of the page."""
        await self.page.goto(self.address + path)

    async def sign_up(self) -> None:
        """Makes an account through the form, and is in."""
        await self.visit("/signup")
        form = self.see("signup-form")
        await form.get_by_label("Username").fill(self.name)
        await form.get_by_label("Email").fill(f"{self.name}@example.org")
        await form.get_by_label("Password", exact=True).fill(PASSWORD)
        await form.get_by_role("button", name="Create account").click()
        await expect(self.see("nav-upload").first).to_be_visible()
        await expect(form).to_have_count(0)

    async def upload(self, clip: Path, title: str) -> str:
        """Posts a clip and waits until it is ready; returns its address."""
        await self.visit("/upload")
        await self.see("file-input").set_input_files(clip)
        await expect(self.see("upload-preview")).to_be_visible()
        await self.see("upload-form").get_by_label("Title").fill(title)
        await self.see("upload-submit").click()
        await expect(self.see("upload-progress")).to_have_attribute("data-phase", "done", timeout=PATIENCE_MS)
        link = self.see("upload-progress").get_by_role("link", name="Watch it")
        return str(await link.get_attribute("href"))

    async def watches(self) -> None:
        """The clip on the screen plays: its time goes on, and it has pictures."""
        video = self.see("active-video")
        await expect(video).to_be_visible()
        await self.page.wait_for_function(
            "() => { const v = document.querySelector('[data-testid=active-video]');"
            " return v && v.currentTime > 0.3 && v.videoWidth > 0 && !v.error; }",
            timeout=20_000,
        )

    def clip(self, test_id: str) -> Locator:
        """A part of the clip that is on the screen; its neighbours are loaded already."""
        return self.see("active-clip").get_by_test_id(test_id)

    def see(self, test_id: str) -> Locator:
        """What the page calls so."""
        return self.page.get_by_test_id(test_id)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.troubles.append(message.text)

    def _answered(self, answer: Response) -> None:
        # Without a session the page asks once whether its cookie still counts: 401 is the honest answer.
        if answer.status >= 400 and not answer.url.endswith("/auth/refresh"):
            self.troubles.append(f"{answer.status} {answer.request.method} {answer.url}")
