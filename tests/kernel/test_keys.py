"""Keys, sealed values and tokens."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.keys import KeyMissing, Keyring, Unreadable, load_keys, make_keys
from webapp.tokens import BadToken, make_token, read_token

RING = Keyring(secret=b"s" * 32, data={"k1": b"1" * 32}, index=b"i" * 32)
ROTATED = Keyring(secret=b"s" * 32, data={"k1": b"1" * 32, "k2": b"2" * 32}, index=b"i" * 32)


@given(st.text())
def test_what_is_sealed_opens_again_also_after_a_rotation(text: str) -> None:
    assert ROTATED.unseal("entrant.name", RING.seal("entrant.name", text)) == text


@given(st.text(), st.integers(min_value=0))
def test_a_changed_byte_does_not_open(text: str, where: int) -> None:
    sealed = bytearray(RING.seal("entrant.name", text))
    sealed[where % len(sealed)] ^= 1
    with pytest.raises(Unreadable):
        RING.unseal("entrant.name", bytes(sealed))


def test_a_value_opens_only_as_the_column_it_was_sealed_for() -> None:
    with pytest.raises(Unreadable):
        RING.unseal("entrant.email", RING.seal("entrant.name", "Ada"))


def test_the_newest_key_seals() -> None:
    assert ROTATED.seal("c", "x").startswith(b"k2\0")


def test_missing_keys_are_named(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "index").unlink()
    with pytest.raises(KeyMissing, match="key file index is missing"):
        load_keys(tmp_path)


def test_keys_are_made_once(tmp_path: Path) -> None:
    assert make_keys(tmp_path) == ["secret", "data", "index"]
    before = load_keys(tmp_path)
    assert make_keys(tmp_path) == []
    assert load_keys(tmp_path) == before
    assert len({before.secret, before.index, *before.data.values()}) == 3


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**16 - 1))
def test_a_token_names_its_row_and_counter(row: int, counter: int) -> None:
    token = make_token(b"secret", "confirm", row, counter)
    assert len(token) == 40
    assert read_token(b"secret", "confirm", token) == (row, counter)


@given(st.text(max_size=60))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(BadToken):
        read_token(b"secret", "confirm", text)


def test_a_token_holds_for_one_purpose_and_one_secret() -> None:
    token = make_token(b"secret", "confirm", 7)
    for secret, purpose in ((b"other", "confirm"), (b"secret", "entry")):
        with pytest.raises(BadToken):
            read_token(secret, purpose, token)
    with pytest.raises(BadToken):
        read_token(b"secret", "confirm", token[:-1] + ("A" if token[-1] != "A" else "B"))
