import asyncio

import msgspec
import pytest

from app.core import ids
from app.core.cursors import Keyset
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.events import Receipt, event
from app.ports.accounts import Accounts, Credentials, Rotation
from app.ports.users import Users
from tests.contract.evidence import Evidence
from tests.contract.people import NOW, WEEK_MS, join, new_account, new_session

GRACE_MS = 10_000


def token() -> bytes:
    return ids.new("tok").encode()


async def test_registering_stores_user_credentials_session_and_token(accounts: Accounts, users: Users) -> None:
    user_id, first, second = ids.new("usr"), token(), token()
    account, session = new_account(user_id), new_session(user_id)

    user = await accounts.register(account, session, first)

    credentials = Credentials(user_id, account.email, account.password_hash)
    assert user == msgspec.structs.replace(account.user, user_no=user.user_no)
    assert await users.get(user_id) == user
    assert await accounts.find(username_key=account.username_key) == credentials
    assert await accounts.find(email_key=account.email_key) == credentials
    assert await accounts.credentials(user_id) == credentials
    assert await accounts.session(session.session_id) == session
    assert (await accounts.rotate(first, second, NOW, grace_ms=GRACE_MS)).outcome == "rotated"


async def test_a_taken_name_or_address_is_refused_and_claims_nothing(accounts: Accounts, users: Users) -> None:
    ada, bob = ids.new("usr"), ids.new("usr")
    await accounts.register(new_account(ada, email=f"a{ada}@example.org"), new_session(ada), token())

    with pytest.raises(Conflict) as same_name:
        await accounts.register(new_account(bob, username=ada.lower()), new_session(bob), token())
    with pytest.raises(Conflict) as same_address:
        await accounts.register(new_account(bob, email=f"a{ada}@example.org"), new_session(bob), token())

    assert same_name.value.code == "username_taken"
    assert same_address.value.code == "email_taken"
    assert await users.get(bob) is None
    await accounts.register(new_account(bob), new_session(bob), token())  # his own name was not burnt


async def test_of_parallel_claims_of_one_name_one_wins(accounts: Accounts, users: Users) -> None:
    people = [ids.new("usr") for _ in range(20)]
    name = f"wanted-{people[0].lower()}"

    outcomes = await asyncio.gather(
        *(accounts.register(new_account(one, username=name), new_session(one), token()) for one in people),
        return_exceptions=True,
    )

    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)]
    assert refused == ["username_taken"] * 19
    assert len(await users.get_many(people)) == 1


async def test_a_registration_is_stored_with_its_receipt_and_events(accounts: Accounts, social: Evidence) -> None:
    user_id = ids.new("usr")
    receipt = Receipt("192.0.2.1", user_id, b"fingerprint", 201, b'{"user":{}}')
    told = event("user.changed", user_id, NOW, user_id=user_id)

    await accounts.register(new_account(user_id), new_session(user_id), token(), events=[told], receipt=receipt)

    assert await accounts.find_receipt("192.0.2.1", user_id) == receipt
    assert await accounts.find_receipt("192.0.2.2", user_id) is None
    assert await social.events(user_id) == [told]


async def test_a_used_receipt_refuses_the_whole_write(accounts: Accounts, users: Users) -> None:
    ada, bob = ids.new("usr"), ids.new("usr")
    receipt = Receipt("192.0.2.1", ada, b"fingerprint", 201, b"{}")
    await accounts.register(new_account(ada), new_session(ada), token(), receipt=receipt)

    for again in (ada, bob):  # the same registration once more, and another under the same key
        with pytest.raises(Conflict) as refusal:
            await accounts.register(new_account(again), new_session(again), token(), receipt=receipt)
        assert refusal.value.code == "receipt_exists"

    assert await users.get(bob) is None


async def test_parallel_repeats_of_one_registration_make_one_account(accounts: Accounts) -> None:
    user_id = ids.new("usr")
    receipt = Receipt("192.0.2.1", user_id, b"fingerprint", 201, b"{}")

    outcomes = await asyncio.gather(
        *(accounts.register(new_account(user_id), new_session(user_id), token(), receipt=receipt) for _ in range(10)),
        return_exceptions=True,
    )

    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)]
    assert refused == ["receipt_exists"] * 9


@pytest.mark.parametrize(
    ("table", "column"),
    [("receipts", "key"), ("usernames", "user_id"), ("users", "user_id"), ("sessions", "user_id"), ("outbox", "key")],
)
async def test_a_killed_registration_leaves_nothing(
    accounts: Accounts, users: Users, social: Evidence, table: str, column: str
) -> None:
    user_id, refresh = ids.new("usr"), token()
    account, session = new_account(user_id), new_session(user_id)
    receipt = Receipt("192.0.2.1", user_id, b"fingerprint", 201, b"{}")
    told = event("user.changed", user_id, NOW, user_id=user_id)

    async with social.dies_at(table, **{column: user_id}):
        with pytest.raises(Unavailable):
            await accounts.register(account, session, refresh, events=[told], receipt=receipt)

    assert await users.get(user_id) is None
    assert await accounts.find(username_key=account.username_key) is None
    assert await accounts.session(session.session_id) is None
    assert await accounts.find_receipt("192.0.2.1", user_id) is None
    assert await social.events(user_id) == []

    await accounts.register(account, session, refresh, events=[told], receipt=receipt)

    assert await users.get(user_id) is not None
    assert await social.events(user_id) == [told]


async def test_a_password_is_replaced(accounts: Accounts) -> None:
    ada = await join(accounts)

    await accounts.set_password(ada.user_id, "a stronger hash")

    found = await accounts.credentials(ada.user_id)
    assert found is not None
    assert found.password_hash == "a stronger hash"
    with pytest.raises(NotFound):
        await accounts.set_password(ids.new("usr"), "hash")


async def test_unknown_claims_and_sessions_are_none(accounts: Accounts) -> None:
    assert await accounts.find(username_key="no-such-name") is None
    assert await accounts.find(email_key=b"no such address") is None
    assert await accounts.credentials(ids.new("usr")) is None
    assert await accounts.session(ids.new("ses")) is None


async def test_live_sessions_are_listed_newest_first_in_pages(accounts: Accounts) -> None:
    user_id, other = ids.new("usr"), ids.new("usr")
    sessions = [new_session(user_id, at_ms=NOW + at) for at in (0, 1, 1, 2)]  # two of one millisecond
    ended, expired = new_session(user_id), new_session(user_id, at_ms=NOW - WEEK_MS)
    for session in (*sessions, ended, expired, new_session(other)):
        await accounts.open_session(session, token())
    await accounts.revoke(user_id, ended.session_id, NOW)

    seen, after = [], None
    for _ in range(3):
        page = await accounts.sessions(user_id, after, 2, NOW + 3)
        if page:
            after = Keyset(page[-1].created_at, page[-1].session_id)
        seen.append(page)

    newest_first = sorted(sessions, key=lambda session: (session.created_at, session.session_id), reverse=True)
    assert seen == [newest_first[:2], newest_first[2:], []]


async def test_a_refresh_token_is_spent_for_its_successor(accounts: Accounts) -> None:
    user_id, first, second, third = ids.new("usr"), token(), token(), token()
    session = new_session(user_id)
    await accounts.open_session(session, first)

    rotation = await accounts.rotate(first, second, NOW + 1_000, grace_ms=GRACE_MS)

    slid = msgspec.structs.replace(session, last_seen_at=NOW + 1_000, expires_at=NOW + 1_000 + WEEK_MS)
    assert rotation == Rotation("rotated", slid)
    assert await accounts.session(session.session_id) == slid
    assert (await accounts.rotate(second, third, NOW + 2_000, grace_ms=GRACE_MS)).outcome == "rotated"


async def test_an_unknown_expired_or_revoked_token_gives_nothing(accounts: Accounts, social: Evidence) -> None:
    user_id, expiring, revoked = ids.new("usr"), token(), token()
    session = new_session(user_id)
    await accounts.open_session(new_session(user_id), expiring)
    await accounts.open_session(session, revoked)
    await accounts.revoke(user_id, session.session_id, NOW)
    alarm = event("session.revoked", "", NOW)

    for refresh, at in ((token(), NOW), (expiring, NOW + WEEK_MS), (revoked, NOW)):
        rotation = await accounts.rotate(refresh, token(), at, grace_ms=GRACE_MS, events_if_reused=[alarm])
        assert rotation == Rotation("unknown")

    assert await social.events(user_id) == []


async def test_a_spent_token_within_the_grace_gets_a_successor_of_the_same_family(accounts: Accounts) -> None:
    user_id, first, one, two = ids.new("usr"), token(), token(), token()
    session = new_session(user_id)
    await accounts.open_session(session, first)
    await accounts.rotate(first, one, NOW, grace_ms=GRACE_MS)

    again = await accounts.rotate(first, two, NOW + GRACE_MS, grace_ms=GRACE_MS)

    assert again.outcome == "rotated"
    for successor in (one, two):
        rotation = await accounts.rotate(successor, token(), NOW + GRACE_MS, grace_ms=GRACE_MS)
        assert rotation.session is not None
        assert rotation.session.session_id == session.session_id


async def test_the_grace_counts_from_the_first_spending(accounts: Accounts) -> None:
    user_id, first = ids.new("usr"), token()
    await accounts.open_session(new_session(user_id), first)

    outcomes = [
        (await accounts.rotate(first, token(), NOW + at, grace_ms=GRACE_MS)).outcome
        for at in (0, GRACE_MS - 1, GRACE_MS + 1)
    ]

    assert outcomes == ["rotated", "rotated", "reused"]


async def test_a_spent_token_after_the_grace_ends_the_family(accounts: Accounts, social: Evidence) -> None:
    user_id, first, second, late = ids.new("usr"), token(), token(), NOW + GRACE_MS + 1
    session = new_session(user_id)
    await accounts.open_session(session, first)
    await accounts.rotate(first, second, NOW, grace_ms=GRACE_MS)
    alarm = event("session.revoked", "", late)

    rotation = await accounts.rotate(first, token(), late, grace_ms=GRACE_MS, events_if_reused=[alarm])

    stored = await accounts.session(session.session_id)
    assert rotation == Rotation("reused", stored)
    assert stored is not None
    assert stored.revoked_at == late
    told = msgspec.structs.replace(alarm, key=user_id, data={"user_id": user_id, "session_id": session.session_id})
    assert await social.events(user_id) == [told]
    again = await accounts.rotate(second, token(), late, grace_ms=GRACE_MS, events_if_reused=[alarm])
    assert again == Rotation("unknown")
    assert await social.events(user_id) == [told]


async def test_a_hundred_parallel_refreshes_leave_one_live_family(accounts: Accounts) -> None:
    user_id, first = ids.new("usr"), token()
    session = new_session(user_id)
    await accounts.open_session(session, first)

    rotations = await asyncio.gather(*(accounts.rotate(first, token(), NOW, grace_ms=GRACE_MS) for _ in range(100)))

    assert {rotation.outcome for rotation in rotations} == {"rotated"}
    assert [one.session_id for one in await accounts.sessions(user_id, None, 10, NOW)] == [session.session_id]


async def test_of_parallel_refreshes_without_grace_one_is_served(accounts: Accounts, social: Evidence) -> None:
    user_id, first = ids.new("usr"), token()
    await accounts.open_session(new_session(user_id), first)
    alarm = event("session.revoked", user_id, NOW)

    rotations = await asyncio.gather(  # all in one millisecond, so that a grace of 0 would still hold
        *(accounts.rotate(first, token(), NOW, grace_ms=-1, events_if_reused=[alarm]) for _ in range(20))
    )

    outcomes = [rotation.outcome for rotation in rotations]
    assert sorted(outcomes) == ["reused", "rotated"] + ["unknown"] * 18
    assert len(await social.events(user_id)) == 1


async def test_a_killed_rotation_spends_nothing(accounts: Accounts, social: Evidence) -> None:
    user_id, first, second = ids.new("usr"), token(), token()
    session = new_session(user_id)
    await accounts.open_session(session, first)

    async with social.dies_at("sessions", session_id=session.session_id):
        with pytest.raises(Unavailable):
            await accounts.rotate(first, second, NOW, grace_ms=0)

    late = NOW + GRACE_MS  # beyond a grace of 0: had it been spent, this would be a reuse
    assert (await accounts.rotate(first, second, late, grace_ms=0)).outcome == "rotated"


@pytest.mark.parametrize(("table", "column"), [("sessions", "user_id"), ("outbox", "key")])
async def test_a_killed_revocation_leaves_the_session_alive(
    accounts: Accounts, social: Evidence, table: str, column: str
) -> None:
    user_id = ids.new("usr")
    session = new_session(user_id)
    await accounts.open_session(session, token())
    told = event("session.revoked", user_id, NOW, user_id=user_id, session_id=session.session_id)

    async with social.dies_at(table, **{column: user_id}):
        with pytest.raises(Unavailable):
            await accounts.revoke(user_id, session.session_id, NOW, events=[told])

    assert await accounts.session(session.session_id) == session
    assert await social.events(user_id) == []

    assert await accounts.revoke(user_id, session.session_id, NOW, events=[told])
    assert await social.events(user_id) == [told]


async def test_only_ones_own_session_is_revoked_and_once(accounts: Accounts, social: Evidence) -> None:
    user_id, stranger = ids.new("usr"), ids.new("usr")
    session = new_session(user_id)
    await accounts.open_session(session, token())
    told = event("session.revoked", user_id, NOW, user_id=user_id, session_id=session.session_id)

    assert not await accounts.revoke(stranger, session.session_id, NOW, events=[told])
    assert await accounts.revoke(user_id, session.session_id, NOW, events=[told])
    assert not await accounts.revoke(user_id, session.session_id, NOW + 1, events=[told])

    ended = await accounts.session(session.session_id)
    assert ended == msgspec.structs.replace(session, revoked_at=NOW)
    assert await social.events(user_id) == [told]


async def test_all_other_sessions_are_revoked_with_an_event_each(accounts: Accounts, social: Evidence) -> None:
    user_id, stranger = ids.new("usr"), ids.new("usr")
    kept, one, two, foreign = new_session(user_id), new_session(user_id), new_session(user_id), new_session(stranger)
    for session in (kept, one, two, foreign):
        await accounts.open_session(session, token())

    ended = await accounts.revoke_others(user_id, kept.session_id, NOW)

    assert sorted(ended) == sorted([one.session_id, two.session_id])
    assert await accounts.sessions(user_id, None, 10, NOW) == [kept]
    assert await accounts.sessions(stranger, None, 10, NOW) == [foreign]
    told = await social.events(user_id)
    assert {fact.type for fact in told} == {"session.revoked"}
    assert sorted(fact.data["session_id"] for fact in told) == sorted(ended)
    assert await accounts.revoke_others(user_id, kept.session_id, NOW) == []
