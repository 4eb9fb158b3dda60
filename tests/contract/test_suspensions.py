"""Suspensions: one write that ends sessions, hides, and lets nobody in until it is lifted."""

import asyncio

import msgspec
import pytest

from app.core import ids
from app.core.errors import Forbidden, NotFound
from app.core.events import event
from app.ports.accounts import Accounts
from app.ports.suspensions import Suspensions
from app.ports.users import Users
from tests.contract.evidence import Evidence
from tests.contract.people import NOW, join, new_session


async def test_a_suspension_ends_every_session_and_tells_of_each(
    suspensions: Suspensions, accounts: Accounts, users: Users, social: Evidence
) -> None:
    ada = await join(accounts)
    opened = [new_session(ada.user_id, at_ms=NOW + number) for number in range(3)]
    for number, each in enumerate(opened):
        await accounts.open_session(each, b"%d" % number + ada.user_id.encode())
    fact = event("user.suspended", ada.user_id, NOW + 5, user_id=ada.user_id)
    ended = await suspensions.suspend(ada.user_id, "spam", NOW + 5, events=[fact])
    assert ended is not None
    assert {each.session_id for each in opened} <= set(ended)
    assert await accounts.sessions(ada.user_id, None, 10, NOW + 6) == []
    stored = await users.get(ada.user_id)
    assert stored is not None
    assert stored.suspended_at == NOW + 5
    assert stored.updated_at > ada.updated_at
    told = await social.events(ada.user_id)
    assert sorted(each.type for each in told) == [*["session.revoked"] * len(ended), "user.suspended"]


async def test_a_repeat_changes_and_tells_nothing(
    suspensions: Suspensions, accounts: Accounts, users: Users, social: Evidence
) -> None:
    ada = await join(accounts)
    assert await suspensions.lift(ada.user_id, NOW, events=[event("user.restored", ada.user_id, NOW)]) is False
    await suspensions.suspend(ada.user_id, "", NOW + 5)
    before, told = await users.get(ada.user_id), await social.events(ada.user_id)
    again = event("user.suspended", ada.user_id, NOW + 9)
    assert await suspensions.suspend(ada.user_id, "twice", NOW + 9, events=[again]) is None
    assert (await users.get(ada.user_id), await social.events(ada.user_id)) == (before, told)


async def test_nobody_gets_in_while_suspended_and_a_dead_token_says_why(
    suspensions: Suspensions, accounts: Accounts
) -> None:
    ada = await join(accounts)
    token = b"token" + ada.user_id.encode()
    await accounts.open_session(new_session(ada.user_id, at_ms=NOW + 1), token)
    await suspensions.suspend(ada.user_id, "spam", NOW + 5)
    with pytest.raises(Forbidden, match=r"This account is suspended: spam") as refused:
        await accounts.open_session(new_session(ada.user_id, at_ms=NOW + 6), b"later" + ada.user_id.encode())
    assert refused.value.code == "suspended"
    with pytest.raises(Forbidden, match="suspended"):
        await accounts.rotate(token, token + b"2", NOW + 7, grace_ms=10_000)
    assert await suspensions.lift(ada.user_id, NOW + 8) is True
    assert (await accounts.rotate(token, token + b"3", NOW + 9, grace_ms=10_000)).outcome == "unknown"
    await accounts.open_session(new_session(ada.user_id, at_ms=NOW + 10), b"again" + ada.user_id.encode())


async def test_no_session_slips_in_beside_a_suspension(suspensions: Suspensions, accounts: Accounts) -> None:
    for _ in range(10):
        ada = await join(accounts)
        sign_ins = [
            accounts.open_session(new_session(ada.user_id, at_ms=NOW + number), b"%d" % number + ada.user_id.encode())
            for number in range(4)
        ]
        done = await asyncio.gather(
            *sign_ins[:2], suspensions.suspend(ada.user_id, "", NOW + 5), *sign_ins[2:], return_exceptions=True
        )
        assert all(each is None or isinstance(each, list | Forbidden) for each in done), done
        assert await accounts.sessions(ada.user_id, None, 10, NOW + 6) == []


async def test_who_is_not_there_cannot_be_suspended(suspensions: Suspensions) -> None:
    with pytest.raises(NotFound):
        await suspensions.suspend(ids.new("usr"), "", NOW)
    with pytest.raises(NotFound):
        await suspensions.lift(ids.new("usr"), NOW)


async def test_a_change_of_profile_leaves_a_suspension(
    suspensions: Suspensions, accounts: Accounts, users: Users
) -> None:
    ada = await join(accounts)
    await suspensions.suspend(ada.user_id, "", NOW + 5)
    await users.update(msgspec.structs.replace(ada, bio="new", updated_at=NOW + 90))
    stored = await users.get(ada.user_id)
    assert stored is not None
    assert (stored.bio, stored.suspended_at) == ("new", NOW + 5)
