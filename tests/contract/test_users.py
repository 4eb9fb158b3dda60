import msgspec
import pytest

from app.core import ids
from app.core.errors import NotFound, Stale, Unavailable
from app.core.events import event
from app.ports.accounts import Accounts
from app.ports.users import Users
from tests.contract.evidence import Evidence
from tests.contract.people import NOW, join


async def test_a_registered_person_has_a_profile_by_id_and_by_name(users: Users, accounts: Accounts) -> None:
    ada = await join(accounts)

    assert await users.get(ada.user_id) == ada
    assert await users.by_username(ada.username) == ada
    assert ada.created_at == NOW


async def test_absent_people_are_none_or_left_out(users: Users, accounts: Accounts) -> None:
    ada, nobody = await join(accounts), ids.new("usr")

    assert await users.get(nobody) is None
    assert await users.by_username("no-such-name") is None
    assert await users.get_many([ada.user_id, nobody]) == {ada.user_id: ada}
    assert await users.get_many([]) == {}


async def test_what_stands_beside_a_video_is_as_in_the_profile(users: Users, accounts: Accounts) -> None:
    ada, bob, nobody = await join(accounts), await join(accounts), ids.new("usr")
    await users.update(msgspec.structs.replace(bob, avatar="v2", updated_at=NOW + 1))

    found = await users.authors([ada.user_id, nobody, bob.user_id])

    assert {user_id: tuple(author) for user_id, author in found.items()} == {
        ada.user_id: (ada.user_id, ada.username, ada.display_name, None, False, ada.updated_at, False),
        bob.user_id: (bob.user_id, bob.username, bob.display_name, "v2", False, NOW + 1, False),
    }


async def test_more_than_200_in_one_question_is_refused(users: Users) -> None:
    with pytest.raises(ValueError, match="at most 200"):
        await users.get_many([ids.new("usr") for _ in range(201)])


async def test_numbers_are_dense_enough_to_be_offsets_and_never_shared(accounts: Accounts) -> None:
    people = [await join(accounts) for _ in range(5)]

    numbers = [person.user_no for person in people]
    assert len(set(numbers)) == 5
    assert 0 < min(numbers) <= max(numbers) < min(numbers) + 100


async def test_an_update_is_stored_with_its_event(users: Users, accounts: Accounts, social: Evidence) -> None:
    ada = await join(accounts)
    changed = msgspec.structs.replace(
        ada, display_name="Ada L.", bio="Notes", avatar="v2", country="GB", updated_at=NOW + 5
    )
    told = event("user.changed", ada.user_id, NOW + 5, user_id=ada.user_id)

    await users.update(changed, events=[told])

    assert await users.get(ada.user_id) == changed
    assert await social.events(ada.user_id) == [told]


async def test_an_update_of_what_changed_meanwhile_is_stale(users: Users, accounts: Accounts, social: Evidence) -> None:
    ada = await join(accounts)
    first = msgspec.structs.replace(ada, bio="first", updated_at=NOW + 1)
    second = msgspec.structs.replace(ada, country="GB", updated_at=NOW + 2)
    told = event("user.changed", ada.user_id, NOW, user_id=ada.user_id)

    await users.update(first, base_ms=ada.updated_at)
    with pytest.raises(Stale):
        await users.update(second, base_ms=ada.updated_at, events=[told])

    assert await users.get(ada.user_id) == first
    assert await social.events(ada.user_id) == []


async def test_names_and_numbers_do_not_change_by_an_update(users: Users, accounts: Accounts) -> None:
    ada = await join(accounts)

    await users.update(
        msgspec.structs.replace(ada, username="mallory", user_no=ada.user_no + 1, verified=True, bio="hi")
    )

    assert await users.get(ada.user_id) == msgspec.structs.replace(ada, bio="hi")


async def test_an_update_that_changes_nothing_tells_nobody(users: Users, accounts: Accounts, social: Evidence) -> None:
    ada = await join(accounts)

    await users.update(
        msgspec.structs.replace(ada, updated_at=NOW + 5), events=[event("user.changed", ada.user_id, NOW)]
    )

    assert await users.get(ada.user_id) == ada
    assert await social.events(ada.user_id) == []


async def test_an_update_of_nobody_is_refused_and_tells_nobody(
    users: Users, accounts: Accounts, social: Evidence
) -> None:
    ghost = msgspec.structs.replace(await join(accounts), user_id=ids.new("usr"))

    with pytest.raises(NotFound):
        await users.update(ghost, events=[event("user.changed", ghost.user_id, NOW)])

    assert await social.events(ghost.user_id) == []


@pytest.mark.parametrize(("table", "column"), [("users", "user_id"), ("outbox", "key")])
async def test_a_killed_update_leaves_neither_record_nor_event(
    users: Users, accounts: Accounts, social: Evidence, table: str, column: str
) -> None:
    ada = await join(accounts)
    changed = msgspec.structs.replace(ada, bio="new", updated_at=NOW + 5)
    told = event("user.changed", ada.user_id, NOW + 5)

    async with social.dies_at(table, **{column: ada.user_id}):
        with pytest.raises(Unavailable):
            await users.update(changed, events=[told])

    assert await users.get(ada.user_id) == ada
    assert await social.events(ada.user_id) == []

    await users.update(changed, events=[told])

    assert await users.get(ada.user_id) == changed
    assert await social.events(ada.user_id) == [told]
