"""How uploads are cut, recognised and checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.ports.blobs import Part, PartClaim
from app.services.video import plan

MIB = 2**20


def test_up_to_sixteen_mebibytes_there_are_no_parts() -> None:
    assert plan.part_plan(16 * MIB, 8 * MIB) is None
    assert plan.part_plan(16 * MIB + 1, 8 * MIB) == plan.PartPlan(16 * MIB + 1, 8 * MIB, 3)


@given(size=st.integers(16 * MIB + 1, 500 * MIB), part_size=st.integers(5 * MIB, 64 * MIB))
def test_parts_add_up_to_the_file_and_none_is_empty(size: int, part_size: int) -> None:
    cut = plan.part_plan(size, part_size)

    assert cut is not None
    sizes = [cut.size_of(number) for number in range(1, cut.count + 1)]
    assert sum(sizes) == size
    assert all(one == part_size for one in sizes[:-1])
    assert 0 < sizes[-1] <= part_size


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_part_outside_the_plan_is_a_mistake_of_ours(number: int) -> None:
    with pytest.raises(ValueError, match="part"):
        plan.PartPlan(17 * MIB, 8 * MIB, 3).size_of(number)


def test_missing_are_parts_that_did_not_arrive_or_arrived_short() -> None:
    cut = plan.PartPlan(17 * MIB, 8 * MIB, 3)
    arrived = [Part(1, 8 * MIB, '"a"'), Part(3, MIB - 1, '"c"')]

    assert plan.missing_parts(cut, arrived) == [2, 3]


def test_claims_name_every_part_once_in_order() -> None:
    cut = plan.PartPlan(17 * MIB, 8 * MIB, 3)
    arrived = [Part(1, 8 * MIB, '"a"'), Part(2, 8 * MIB, '"b"'), Part(3, MIB, '"c"')]
    one, two, three = PartClaim(1, '"a"'), PartClaim(2, '"b"'), PartClaim(3, '"c"')

    plan.check_claims(cut, [one, two, three], arrived)
    for claims in ([], [one, two], [one, three, two], [one, one, two], [one, two, three, three]):
        with pytest.raises(Invalid) as refused:
            plan.check_claims(cut, claims, arrived)
        assert refused.value.errors[0].code == "part_order"


def test_a_claimed_part_must_have_arrived() -> None:
    cut = plan.PartPlan(17 * MIB, 8 * MIB, 3)
    claims = [PartClaim(1, '"a"'), PartClaim(2, '"b"'), PartClaim(3, '"c"')]

    with pytest.raises(Invalid) as refused:
        plan.check_claims(cut, claims, [Part(1, 8 * MIB, '"a"')])
    assert [(fault.pointer, fault.code) for fault in refused.value.errors] == [
        ("/parts/1", "part_missing"),
        ("/parts/2", "part_missing"),
    ]


def test_the_size_must_be_the_one_announced() -> None:
    plan.check_size(10, 10)
    with pytest.raises(Invalid, match="9 bytes, 10 were announced"):
        plan.check_size(10, 9)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video/mp4"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  \0\0\0\x08wide", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "video/quicktime"),
        (b"\0\0\x20\0moov\0\0\0\x6cmvhd", "video/quicktime"),
        (b"RIFF\x10\x20\0\0AVI LIST", "video/x-msvideo"),
    ],
)
def test_containers_are_known_by_their_first_bytes(head: bytes, found: str) -> None:
    assert plan.sniff(head) == found
    assert plan.check_type(head) == found


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0" * 64,
        b"PK\x03\x04\x14\0\0\0\x08\0",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd",
        b"<?xml version='1.0'?><MPD>",
        b"ffconcat version 1.0\nfile x",
        b"RIFF\x10\x20\0\0WAVEfmt ",
        b"\x1aE\xdf\xa3\x01\0\0\0",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypM4A \0\0\0\0",
        b"\0\0\0\x18ftyp",
    ],
)
def test_anything_else_is_refused(head: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        plan.check_type(head)
    assert refused.value.errors[0].code == "unsupported"


@given(head=st.binary(max_size=64))
def test_no_bytes_at_all_make_the_sniffer_raise(head: bytes) -> None:
    assert plan.sniff(head) in (None, "video/mp4", "video/quicktime", "video/x-msvideo")
