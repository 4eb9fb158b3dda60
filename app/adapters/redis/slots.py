"""Which node owns which key of a cluster: https://valkey.io/topics/cluster-spec, "Key distribution model"."""

from binascii import crc_hqx
from collections.abc import Mapping
from typing import Any, Final

from app.adapters.redis.address import Address

SLOTS: Final = 16_384

Map = Mapping[Address, frozenset[int]]  # masters and their slots; slots may be without one


def slot_of(key: bytes) -> int:
    """CRC16 (XMODEM) of the key, or of the first non-empty text in braces in it, modulo 16,384."""
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return crc_hqx(key, 0) % SLOTS


def masters(seed: Address, ranges: list[Any]) -> Map:
    """What CLUSTER SLOTS said to `seed`. Raises ValueError if it does not say it in the form it should."""
    owned: dict[Address, set[int]] = {}
    for row in ranges:
        match row:
            case [int(first), int(last), [host, int(port), *_], *_] if 0 <= first <= last < SLOTS:
                # No name: the node does not know its own, and means the one by which it was found.
                name = host.decode() if isinstance(host, bytes) and host not in (b"", b"?") else seed.host
                owned.setdefault(seed.at(name, port), set()).update(range(first, last + 1))
            case _:
                raise ValueError(f"not a range of slots: {row!r}")
    return {address: frozenset(slots) for address, slots in owned.items()}
