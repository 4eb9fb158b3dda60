"""Whom an anonymous request counts for."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.limits import NAMED, visitor_name


def test_all_addresses_of_a_network_are_one_visitor_however_they_are_written() -> None:
    written = ["2001:db8::1", "2001:db8::a:b:c:d", "2001:db8:0:0::5", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1%eth0"]
    assert {visitor_name(host) for host in written} == {"ip-2001:db8:0:0_64"}
    assert visitor_name("2001:db8:0:1::1") == "ip-2001:db8:0:1_64"
    assert visitor_name("fe80::1%lo") == "ip-fe80:0:0:0_64"
    assert visitor_name("::1") == "ip-0:0:0:0_64"


def test_an_ipv4_address_is_one_visitor_in_either_form() -> None:
    mapped = ["::ffff:192.0.2.7", "::FFFF:c000:207", "0:0:0:0:0:ffff:192.0.2.7"]
    assert {visitor_name(host) for host in ("192.0.2.7", *mapped)} == {"ip-192.0.2.7"}
    assert visitor_name("::ffff:192.0.2.8") == "ip-192.0.2.8"


@pytest.mark.parametrize("host", ["-", "testclient", "", "unix:/run/kinora.sock", "1:2", ":::1", "\0:", "\ud800:"])
def test_what_is_no_address_keeps_its_text(host: str) -> None:
    assert visitor_name(host) == "ip-" + host


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_two_addresses_are_one_visitor_where_they_share_a_network(network: int, one: int, other: int) -> None:
    first, second = (ipaddress.IPv6Address(network << 64 | low) for low in (one, other))
    elsewhere = ipaddress.IPv6Address((network ^ 1) << 64 | one)
    if first.ipv4_mapped is None and second.ipv4_mapped is None:
        assert visitor_name(str(first)) == visitor_name(second.exploded)
    assert visitor_name(str(first)) != visitor_name(str(elsewhere))


def test_no_more_names_are_kept_than_fit() -> None:
    for number in range(NAMED + 5):
        visitor_name(str(ipaddress.IPv6Address(number << 64)))
    assert visitor_name.cache_info().currsize == NAMED
