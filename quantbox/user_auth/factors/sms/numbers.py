"""Mobile numbers of mainland China, the only ones Aliyun's code services send to."""

from __future__ import annotations

import re
import unicodedata

from quantbox.user_auth.factors.sms.errors import PhoneInvalid

__all__ = ["mask_phone", "read_phone"]

_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")


def read_phone(typed: str) -> str:
    """Return the eleven digits of a number typed with or without +86, spaces and dashes; raises PhoneInvalid."""
    found = _MOBILE.fullmatch(re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", typed)))
    if found is None:
        raise PhoneInvalid
    return found[1]


def mask_phone(phone: str) -> str:
    """Return the number as it may be shown: first three and last four digits."""
    return f"{phone[:3]}****{phone[-4:]}"
