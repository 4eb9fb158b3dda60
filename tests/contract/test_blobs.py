"""What every store of objects does. A new adapter adds its name to `ADAPTERS` and a harness below."""

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from app.adapters.files.blobs import FileBlobs
from app.adapters.files.put_door import PutDoor
from app.core import ids
from app.core.clock import HOUR_MS, system_ms
from app.core.errors import Invalid, NotFound, TooLarge
from app.ports.blobs import Blobs, PartClaim, SignedPut

ADAPTERS = ("files",)
MP4 = "video/mp4"


class Store(msgspec.Struct):
    """One adapter with nothing in it, and a client that PUTs to the addresses it signs."""

    blobs: Blobs
    put: Callable[[SignedPut, bytes], Awaitable[httpx.Response]]

    def upload(self, key: str, size_bytes: int) -> SignedPut:
        return self.blobs.sign_put(key, size_bytes, MP4, system_ms() + HOUR_MS)

    def part(self, key: str, number: int, size_bytes: int) -> SignedPut:
        return self.blobs.sign_part(key, number, size_bytes, system_ms() + HOUR_MS)

    async def put_parts(self, key: str, *bodies: bytes) -> list[PartClaim]:
        claims = []
        for number, body in enumerate(bodies, 1):
            answer = await self.put(self.part(key, number, len(body)), body)
            assert answer.status_code == 200
            claims.append(PartClaim(number, answer.headers["etag"]))
        return claims


@pytest.fixture(params=ADAPTERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    assert request.param == "files"
    blobs = FileBlobs(tmp_path / "blobs", b"s" * 32)

    async def arrived(_key: str) -> None:
        return None

    transport = httpx.ASGITransport(PutDoor(blobs, arrived))
    async with httpx.AsyncClient(transport=transport, base_url="http://store") as client:

        async def put(signed: SignedPut, body: bytes) -> httpx.Response:
            return await client.put(signed.url, content=body, headers=signed.headers)

        yield Store(blobs, put)
    blobs.close()


def new_key() -> str:
    return f"uploads/{ids.new('vid')}"


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def tree(root: Path, files: dict[str, bytes]) -> dict[str, int]:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return {name: len(content) for name, content in files.items()}


async def test_a_whole_put_arrives_and_can_be_read(store: Store, tmp_path: Path) -> None:
    key, body = new_key(), bytes(range(256)) * 9000  # more than one write

    assert await store.blobs.size(key) is None
    answer = await store.put(store.upload(key, len(body)), body)

    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert await store.blobs.size(key) == len(body)
    assert await store.blobs.head(key, 64) == body[:64]
    await store.blobs.fetch(key, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == body


async def test_what_is_absent_is_not_found(store: Store, tmp_path: Path) -> None:
    key = new_key()

    assert await store.blobs.size(key) is None
    assert await store.blobs.parts(key) == []
    with pytest.raises(NotFound):
        await store.blobs.head(key, 8)
    with pytest.raises(NotFound):
        await store.blobs.fetch(key, tmp_path / "copy")
    await store.blobs.delete_prefix(key)


async def test_fetch_replaces_the_file_and_never_touches_the_object(store: Store, tmp_path: Path) -> None:
    key, other, to = new_key(), new_key(), tmp_path / "copy"
    await store.put(store.upload(key, 5), b"first")
    await store.put(store.upload(other, 6), b"second")

    await store.blobs.fetch(key, to)
    await store.blobs.fetch(other, to)

    assert to.read_bytes() == b"second"
    assert await store.blobs.head(key, 9) == b"first"


async def test_parts_arrive_in_any_order_and_make_the_object(store: Store) -> None:
    key = new_key()
    third = await store.put(store.part(key, 3, 2), b"33")
    first = await store.put(store.part(key, 1, 3), b"111")
    second = await store.put(store.part(key, 2, 3), b"222")

    found = await store.blobs.parts(key)
    assert [(part.number, part.size_bytes) for part in found] == [(1, 3), (2, 3), (3, 2)]
    assert [part.etag for part in found] == [answer.headers["etag"] for answer in (first, second, third)]
    assert await store.blobs.size(key) is None  # parts are no object yet

    await store.blobs.assemble(key, [PartClaim(part.number, part.etag) for part in found])
    assert await store.blobs.head(key, 100) == b"11122233"
    assert await store.blobs.parts(key) == []


async def test_assembling_again_does_nothing(store: Store) -> None:
    key = new_key()
    claims = await store.put_parts(key, b"aa", b"b")

    await store.blobs.assemble(key, claims)
    await store.blobs.assemble(key, claims)
    await store.blobs.assemble(key, [])

    assert await store.blobs.head(key, 100) == b"aab"


async def test_a_part_sent_again_replaces_the_first(store: Store) -> None:
    key = new_key()
    (before,) = await store.put_parts(key, b"old")
    (after,) = await store.put_parts(key, b"newer")

    with pytest.raises(Invalid) as refused:
        await store.blobs.assemble(key, [before])
    assert refused.value.errors[0].code == "etag_mismatch"
    await store.blobs.assemble(key, [after])
    assert await store.blobs.head(key, 100) == b"newer"


async def test_claims_may_be_bare_and_carry_checksums(store: Store) -> None:
    key = new_key()
    (claim,) = await store.put_parts(key, b"part")
    checksum = base64.b64encode(hashlib.sha256(b"part").digest()).decode()

    await store.blobs.assemble(key, [PartClaim(1, claim.etag.strip('"'), checksum)])

    assert await store.blobs.size(key) == 4


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ([], "part_missing"),
        ([PartClaim(1, "{etag}"), PartClaim(2, "x")], "part_missing"),
        ([PartClaim(1, "0" * 32)], "etag_mismatch"),
        ([PartClaim(1, "Ж" * 32)], "etag_mismatch"),
        ([PartClaim(1, "{etag}", base64.b64encode(bytes(32)).decode())], "checksum_mismatch"),
        ([PartClaim(1, "{etag}", "not base64 Ж")], "checksum_mismatch"),
        ([PartClaim(1, "{etag}"), PartClaim(1, "{etag}")], "part_order"),
    ],
)
async def test_claims_that_do_not_hold_are_refused(store: Store, claims: list[PartClaim], code: str) -> None:
    key = new_key()
    (real,) = await store.put_parts(key, b"part")
    sent = [msgspec.structs.replace(claim, etag=claim.etag.replace("{etag}", real.etag)) for claim in claims]

    with pytest.raises(Invalid) as refused:
        await store.blobs.assemble(key, sent)

    assert code in {fault.code for fault in refused.value.errors}
    assert refused.value.errors[0].pointer.startswith("/parts")
    assert await store.blobs.size(key) is None
    assert len(await store.blobs.parts(key)) == 1  # it can still be put right


async def test_a_sealed_key_takes_no_put_and_keeps_its_bytes(store: Store) -> None:
    key = new_key()
    whole, part = store.upload(key, 5), store.part(key, 1, 4)
    await store.put(whole, b"first")

    await store.blobs.seal(key)
    await store.blobs.seal(key)

    assert (await store.put(whole, b"other")).status_code == 403
    assert (await store.put(part, b"part")).status_code == 403
    assert await store.blobs.head(key, 9) == b"first"
    assert await store.blobs.parts(key) == []


async def test_a_seal_outlives_the_object(store: Store) -> None:
    key = new_key()
    whole = store.upload(key, 5)
    await store.put(whole, b"first")

    await store.blobs.seal(key)
    await store.blobs.delete_prefix(key)

    assert (await store.put(whole, b"again")).status_code == 403
    assert await store.blobs.size(key) is None


async def test_sealed_parts_can_still_be_assembled(store: Store) -> None:
    key = new_key()
    claims = await store.put_parts(key, b"ab", b"c")

    await store.blobs.seal(key)
    await store.blobs.assemble(key, claims)

    assert await store.blobs.head(key, 9) == b"abc"


async def test_until_sealed_a_second_put_replaces_the_first(store: Store) -> None:
    key = new_key()
    whole = store.upload(key, 5)

    assert (await store.put(whole, b"first")).status_code == 200
    assert (await store.put(whole, b"again")).status_code == 200
    assert await store.blobs.head(key, 9) == b"again"


async def test_a_tree_is_stored_whole(store: Store, tmp_path: Path) -> None:
    prefix, root = f"media/{ids.new('vid')}/a1", tmp_path / "job"
    files = tree(root, {"master.m3u8": b"#EXTM3U", "360p/init.mp4": b"init", "360p/seg_1.m4s": b"x" * 100})
    (root / "left-over.log").write_bytes(b"not named, not stored")

    await store.blobs.store_tree(prefix, root, files)

    assert await store.blobs.head(f"{prefix}/360p/seg_1.m4s", 1000) == b"x" * 100
    assert await store.blobs.head(f"{prefix}/master.m3u8", 1000) == b"#EXTM3U"
    assert await store.blobs.size(f"{prefix}/left-over.log") is None


@pytest.mark.parametrize("fault", ["short", "missing", "folder", "link"])
async def test_a_tree_with_one_wrong_file_is_not_stored_at_all(store: Store, tmp_path: Path, fault: str) -> None:
    prefix, root = f"media/{ids.new('vid')}/a1", tmp_path / "job"
    files = tree(root, {"a.m4s": b"aaaa", "b.m4s": b"bbbb", "c.m4s": b"cccc"})
    (root / "b.m4s").unlink()
    if fault == "short":
        (root / "b.m4s").write_bytes(b"bbb")
    elif fault == "folder":
        (root / "b.m4s").mkdir()
    elif fault == "link":
        (root / "b.m4s").symlink_to(root / "a.m4s")

    with pytest.raises(Invalid, match=r"b\.m4s"):
        await store.blobs.store_tree(prefix, root, files)

    assert await store.blobs.size(f"{prefix}/a.m4s") is None
    assert await store.blobs.size(f"{prefix}/c.m4s") is None


async def test_a_tree_replaces_what_was_under_its_prefix(store: Store, tmp_path: Path) -> None:
    prefix = f"media/{ids.new('vid')}/a1"
    before = tree(tmp_path / "1", {"a.m4s": b"before", "gone.m4s": b"x"})
    after = tree(tmp_path / "2", {"a.m4s": b"after"})

    await store.blobs.store_tree(prefix, tmp_path / "1", before)
    await store.blobs.store_tree(prefix, tmp_path / "2", after)

    assert await store.blobs.head(f"{prefix}/a.m4s", 9) == b"after"
    assert await store.blobs.size(f"{prefix}/gone.m4s") is None


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", ".hidden", "", "a//b", "é.m4s", "a\n.m4s"])
async def test_names_that_are_no_keys_are_a_mistake_of_ours(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await store.blobs.store_tree(f"media/{ids.new('vid')}/a1", tmp_path, {name: 1})
    with pytest.raises(ValueError, match="key"):
        await store.blobs.size(f"media/{name}")


async def test_small_objects_are_stored_up_to_the_limit(store: Store) -> None:
    key = f"avatars/{ids.new('usr')}/1.jpg"

    assert await store.blobs.store(key, pieces(b"ab", b"", b"cd"), 4) == 4
    assert await store.blobs.head(key, 9) == b"abcd"


async def test_nothing_is_kept_beyond_the_limit(store: Store) -> None:
    key = f"avatars/{ids.new('usr')}/1.jpg"

    with pytest.raises(TooLarge):
        await store.blobs.store(key, pieces(b"ab", b"cde"), 4)
    assert await store.blobs.size(key) is None


async def test_deleting_takes_whole_components_and_parts(store: Store, tmp_path: Path) -> None:
    video = f"media/{ids.new('vid')}"
    files = tree(tmp_path / "job", {"x.m4s": b"x"})
    for attempt in ("a1", "a11", "a2"):
        await store.blobs.store_tree(f"{video}/{attempt}", tmp_path / "job", files)
    key = new_key()
    await store.put_parts(key, b"part")

    await store.blobs.delete_prefix(f"{video}/a1")
    await store.blobs.delete_prefix(key)

    assert await store.blobs.size(f"{video}/a1/x.m4s") is None
    assert await store.blobs.size(f"{video}/a11/x.m4s") == 1
    assert await store.blobs.size(f"{video}/a2/x.m4s") == 1
    assert await store.blobs.parts(key) == []
    await store.blobs.delete_prefix(video)
    assert await store.blobs.size(f"{video}/a2/x.m4s") is None


async def test_a_sweep_leaves_what_is_whole(store: Store, tmp_path: Path) -> None:
    key, video = new_key(), f"media/{ids.new('vid')}/a1"
    claims = await store.put_parts(key, b"part")
    await store.blobs.store_tree(video, tmp_path / "job", tree(tmp_path / "job", {"x.m4s": b"x"}))

    await store.blobs.sweep(0)

    assert await store.blobs.size(f"{video}/x.m4s") == 1
    await store.blobs.assemble(key, claims)
    assert await store.blobs.size(key) == 4
