"""Expected codes are written out by hand from the definition in the module's docstring; the checks below it are made
by another way: a table of powers instead of shifts."""

from __future__ import annotations

import hashlib
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantbox.vault.errors import RecoveryCodeMistyped
from quantbox.vault.recovery_code import read_code, write_code

# sixteen bytes of zero: SHA-256 begins 374 (hex), so the last group holds 00000 00000 11011 10100 = 0 0 27 20 and the
# check 7 + 27*4 + 20*8 = 7 + 3 + 17 = 21, which is N; the check of an empty group is its number
ZEROS = "00001-00002-00003-00004-00005-00006-00VMN"
# sixteen bytes of 255: a full group has 31 + 31*2 + 31*4 + 31*8 = 31 + 27 + 19 + 3 = 20 plus its number; SHA-256 begins 5ac,
# so the last group holds 31 29 13 12 and the check 7 + 31 + 31 + 17 + 15 = 25, which is S
ONES = "ZZZZN-ZZZZP-ZZZZQ-ZZZZG-ZZZZH-ZZZZJ-ZXDCS"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

POWERS = [1]
while len(POWERS) < 31:
    POWERS.append(POWERS[-1] << 1 if POWERS[-1] < 16 else POWERS[-1] << 1 ^ 37)


def times(a: int, power: int) -> int:
    """Multiply in the field of 32 elements by adding logarithms."""
    return 0 if a == 0 else POWERS[(POWERS.index(a) + power) % 31]


@pytest.mark.parametrize(("secret", "code"), [(bytes(16), ZEROS), (b"\xff" * 16, ONES)])
def test_the_codes_written_out_by_hand(secret, code):
    assert write_code(secret) == code
    assert read_code(code) == secret


@settings(max_examples=60, deadline=None)
@given(secret=st.binary(min_size=16, max_size=16))
def test_any_code_has_the_groups_the_definition_gives(secret):
    bits = "".join(f"{byte:08b}" for byte in secret) + "".join(f"{byte:08b}" for byte in hashlib.sha256(secret).digest())[:12]
    for number, group in enumerate(write_code(secret).split("-"), start=1):
        values = [int(bits[start : start + 5], 2) for start in range(20 * number - 20, 20 * number, 5)]
        check = number
        for power, value in enumerate(values):
            check ^= times(value, power)
        assert group == "".join(ALPHABET[value] for value in [*values, check])
    assert read_code(write_code(secret)) == secret


@pytest.mark.parametrize(
    "typed",
    [
        ONES.lower(),
        ONES.replace("-", " "),
        ONES.replace("-", ""),
        "ＺＺＺＺＮ" + ONES[5:],  # full-width letters of a Chinese input method
    ],
)
def test_how_a_code_is_typed_does_not_matter(typed):
    assert read_code(typed) == b"\xff" * 16


def test_letters_that_look_like_digits_are_read_as_such():
    assert read_code(ZEROS.replace("0", "O").replace("1", "l")) == bytes(16)


def test_every_single_wrong_character_names_its_group():
    code = write_code(bytes(range(16)))
    for place in (i for i, character in enumerate(code) if character != "-"):
        for character in ALPHABET.replace(code[place], ""):
            with pytest.raises(RecoveryCodeMistyped) as caught:
                read_code(code[:place] + character + code[place + 1 :])
            assert caught.value.facts["groups"] == str(place // 6 + 1)


def test_two_characters_exchanged_within_a_group_name_it_and_exchanged_groups_are_both_named():
    groups = write_code(random.Random(7).randbytes(16)).split("-")
    for number, (a, b) in itertools.product(range(7), itertools.combinations(range(4), 2)):
        characters = list(groups[number])
        if characters[a] != characters[b]:
            characters[a], characters[b] = characters[b], characters[a]
            with pytest.raises(RecoveryCodeMistyped) as caught:
                read_code("-".join([*groups[:number], "".join(characters), *groups[number + 1 :]]))
            assert caught.value.facts["groups"] == str(number + 1)
    with pytest.raises(RecoveryCodeMistyped) as caught:
        read_code("-".join([groups[1], groups[0], *groups[2:]]))
    assert caught.value.facts["groups"] == "1, 2"


def test_a_group_that_passes_its_check_by_chance_is_caught_by_the_hash():
    # 2 + 1*2 = 0 in the field: a group of 2 1 0 0 has the check of one of zeros
    twin = "".join(ALPHABET[value] for value in (2, 1, 0, 0))
    with pytest.raises(RecoveryCodeMistyped) as caught:
        read_code(f"{twin}1" + ZEROS[5:])
    assert caught.value.facts["groups"] == "1–7"


@pytest.mark.parametrize("typed", ["", "0", ZEROS[:-1], ZEROS + "0", "U" * 35, "量" * 35])
def test_what_is_no_code_at_all_is_called_so(typed):
    with pytest.raises(RecoveryCodeMistyped):
        read_code(typed)
