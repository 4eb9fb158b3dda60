"""Passwords as argon2id hashes, made off the event loop in two threads: a rush of sign-ins can't starve reads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Invalid, Unavailable

SHORTEST: Final = 8
LONGEST: Final = 128
THREADS: Final = 2
WAITING: Final = 64

R = TypeVar("R")


class Passwords:
    """Hashes and checks. The cost is OWASP's for argon2id: 19 MiB, two passes, one lane."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = self._hasher.hash("no account has this password")

    def check_rules(self, password: str) -> None:
        """Raises Invalid unless the password may be chosen: 8–128 characters, every one of them counted."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Invalid("/password", "bad_length", f"A password has {SHORTEST}–{LONGEST} characters.")
        if "\0" in password or any(0xD800 <= ord(letter) < 0xE000 for letter in password):
            raise Invalid("/password", "bad_character", "This password holds a character that can't be stored.")

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it fits; for an account that does not exist (None) the same work is done."""
        fits = await self._run(self._fits, stored or self._nobody, password)
        return fits and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made at another cost and should be made anew."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fits(self, stored: str, password: str) -> bool:
        if len(password) > LONGEST:
            return False
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., R], *args: str) -> R:
        if self._waiting >= WAITING:
            raise Unavailable("Too many people are signing in at this moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        finally:
            self._waiting -= 1
