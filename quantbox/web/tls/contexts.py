"""The listener's side of TLS 1.3, and nothing older."""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from quantbox.web.tls.authority import Leaf

__all__ = ["remove_leftovers", "server_context"]

_PREFIX, _SUFFIX = "leaf-", ".pem"


def server_context(leaf: Leaf, folder: Path) -> ssl.SSLContext:
    """Return the context that shows `leaf`.

    Python takes a key from a file only. So it goes through a file in `folder` that only the owner can read, under a
    password drawn for this one moment, and the file is gone when this returns; a killed process leaves one that nobody
    can open.
    """
    password = secrets.token_hex(32).encode()
    content = leaf.certificate.public_bytes(serialization.Encoding.PEM) + leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(password)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(_SUFFIX, _PREFIX, folder)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()
    return context


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process left of :func:`server_context`."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            path.unlink()
