import base64
import hashlib
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import seals as compiled
from hotpath.pure import seals as pure

both = pytest.mark.parametrize("kernel", [pytest.param(compiled, id="c"), pytest.param(pure, id="py")])

KEYS = st.binary(min_size=1, max_size=64)
MACS = st.integers(1, 64)
BODIES = st.one_of(st.binary(min_size=1, max_size=300), st.integers(1, 1024).map(lambda size: b"x" * size))


@both
def test_a_seal_is_keyed_blake2b_in_base64_for_addresses(kernel: ModuleType) -> None:
    mac = hashlib.blake2b(b"body", key=b"key", digest_size=16).digest()

    text = kernel.Seal(b"key", 16).seal(b"body")

    assert text == base64.urlsafe_b64encode(b"body" + mac).rstrip(b"=")
    assert kernel.Seal(b"key", 16).open(text) == b"body"
    assert kernel.Seal(b"key", 16).mac_bytes == 16
    assert kernel.Seal(b"other", 16).open(text) is None


@both
def test_what_can_not_be_a_key_a_mac_or_a_body_is_refused(kernel: ModuleType) -> None:
    for key, mac_bytes in ((b"", 16), (b"k" * 65, 16), (b"k", 0), (b"k", 65)):
        with pytest.raises(ValueError, match=r"^a key and a mac have 1 to 64 bytes$"):
            kernel.Seal(key, mac_bytes)
    for body in (b"", b"x" * 1025):
        with pytest.raises(ValueError, match=r"^a body has 1 to 1024 bytes$"):
            kernel.Seal(b"k", 16).seal(body)
    assert kernel.Seal(b"k", 16).open(base64.urlsafe_b64encode(b"x" * 2000).rstrip(b"=")) is None


@both
def test_a_text_opens_to_the_letter_only(kernel: ModuleType) -> None:
    seal = kernel.Seal(b"key", 16)
    for size in (1, 2, 3, 200):
        text = seal.seal(b"b" * size)
        for place in range(len(text)):
            for other in (b"A", b"_", b"=", b"\xff", b""):
                changed = text[:place] + other + text[place + 1 :]
                assert seal.open(changed) in ({text: b"b" * size}.get(changed), None)
                assert changed == text or seal.open(changed) is None
        for longer in (text + b"=", text + b"A", b"A" + text, text + b"\n", text[:-1]):
            assert seal.open(longer) is None


@given(key=KEYS, mac_bytes=MACS, body=BODIES)
def test_both_seal_alike_and_open_what_the_other_sealed(key: bytes, mac_bytes: int, body: bytes) -> None:
    one, other = compiled.Seal(key, mac_bytes), pure.Seal(key, mac_bytes)

    assert one.seal(body) == other.seal(body)
    assert one.open(other.seal(body)) == other.open(one.seal(body)) == body


@given(text=st.one_of(st.binary(max_size=200), st.text("Aa0-_=+/\n", max_size=120).map(str.encode)), mac_bytes=MACS)
def test_both_refuse_alike(text: bytes, mac_bytes: int) -> None:
    assert compiled.Seal(b"k", mac_bytes).open(text) is None
    assert pure.Seal(b"k", mac_bytes).open(text) is None
