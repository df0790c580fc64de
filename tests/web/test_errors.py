"""From the kind of an error to its HTTP status."""

from __future__ import annotations

import pytest

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound, QuantBoxError, Unavailable
from quantbox.web.errors import (
    HostRefused,
    InternalError,
    RequestRefused,
    RoleMissing,
    SignInNeeded,
    TooManySockets,
    VaultLocked,
    status_of,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid(), 400),
        (HostRefused(), 400),
        (SignInNeeded(), 401),
        (Denied(), 403),
        (VaultLocked(), 403),
        (RoleMissing(needed="owner", role="viewer"), 403),
        (NotFound(), 404),
        (RequestRefused(405), 405),
        (Conflict(), 409),
        (RequestRefused(413), 413),
        (QuantBoxError(), 500),
        (InternalError(error_id="1"), 500),
        (Unavailable(), 503),
        (TooManySockets(maximum=20), 503),
    ],
)
def test_each_kind_has_one_status(error: QuantBoxError, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize("status", [400, 404, 405, 408, 411, 413, 415, 431])
def test_what_http_refuses_is_said_in_both_languages(status: int) -> None:
    error = RequestRefused(status)
    assert error.message("zh") != error.message("en")
    assert error.code.startswith("web.")
