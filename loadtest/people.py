"""Who signs in: whoever has a token in the seeded file, or people registered on the spot."""

import base64
import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec


class Person(msgspec.Struct, frozen=True):
    """Somebody with an access token."""

    user_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def of_token(token: str) -> Person:
    """Whose token it is, as it says itself."""
    claims = token.split(".")[1]
    body = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    user_id: str = msgspec.json.decode(body)["sub"]
    return Person(user_id, token)


def of_file(path: Path) -> Iterator[Person]:
    """Everybody in the file, one token a line, over and over."""
    people = [of_token(line) for line in path.read_text().split()]
    if not people:
        raise SystemExit(f"There is no token in {path}.")
    return itertools.cycle(people)


def application(password: str) -> dict[str, str]:
    """A registration that nobody made before."""
    name = f"load{secrets.token_hex(8)}"
    return {"username": name, "email": f"{name}@load.invalid", "password": password}
