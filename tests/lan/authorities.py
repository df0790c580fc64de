"""Certificates as files and as an independent program sees them: the `openssl` command."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

NAME = "k7m2p9qxyz.local"
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def write_pem(path: Path, certificate: x509.Certificate) -> Path:
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path


def openssl(*arguments: str, stdin: str = "") -> str:
    """Return what the command says, on both streams."""
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, text=True, timeout=20, check=False)
    return done.stdout + done.stderr


def verify(folder: Path, authority: x509.Certificate, leaf: x509.Certificate, *options: str) -> str:
    """Let openssl judge `leaf` with `authority` as its only anchor, strictly, on the day of these tests."""
    anchor = write_pem(folder / "authority.pem", authority)
    subject = write_pem(folder / "leaf.pem", leaf)
    moment = str(int(NOW.timestamp()))
    return openssl(
        *("verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", str(anchor), "-purpose", "sslserver"),
        *("-attime", moment, *options, str(subject)),
    )
