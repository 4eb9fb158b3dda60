import base64

from hypothesis import given
from hypothesis import strategies as st

from app.core import base64url


@given(st.binary(max_size=200))
def test_it_is_what_the_library_gives_without_padding(raw: bytes) -> None:
    text = base64url.encode(raw)

    assert text == base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) == raw
