"""The words of off-site backup: kinds of places, what each needs, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["NEEDS", "REPORT", "VERSION", "OffsiteKind", "OffsiteSettings", "Place", "SenderState"]

VERSION, REPORT = "version", "report"


class OffsiteKind(StrEnum):
    """Where pieces go."""

    OFF = "off"
    FOLDER = "folder"  # another disk, or a NAS the system has connected
    WEBDAV = "webdav"  # 坚果云, Nextcloud, a NAS
    S3 = "s3"
    OSS = "oss"
    COS = "cos"


@dataclass(frozen=True)
class Needs:
    """What a kind of place is told.

    Attributes
    ----------
    required, optional : tuple of str
        Names of its options.
    secret : bool
        It wants a password or secret key.
    styles : tuple of str
        How the bucket may stand in an address, the usual way first.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    secret: bool = False
    styles: tuple[str, ...] = ()


#: OSS takes the bucket in the host name only; a domain of one's own (cname) is needed by accounts newer than March 2025.
NEEDS = {
    OffsiteKind.OFF: Needs(),
    OffsiteKind.FOLDER: Needs(("path",)),
    OffsiteKind.WEBDAV: Needs(("endpoint", "user"), ("root",), secret=True),
    OffsiteKind.S3: Needs(("endpoint", "bucket", "region", "user"), ("root", "style"), secret=True, styles=("virtual", "path")),
    OffsiteKind.OSS: Needs(("endpoint", "bucket", "user"), ("root", "style"), secret=True, styles=("virtual", "cname", "path")),
    OffsiteKind.COS: Needs(("endpoint", "bucket", "user"), ("root",), secret=True),
}


@dataclass(frozen=True)
class OffsiteSettings:
    """What an account has chosen.

    Attributes
    ----------
    options : dict
        endpoint, bucket, region, root, style, user (name or access key id) or path, as the kind needs.
    keep_reports : int
        So many latest reports stay here; older ones are archived.
    copies_backups : bool
        Whether backups are copied there too.
    """

    kind: OffsiteKind = OffsiteKind.OFF
    options: dict[str, str] = field(default_factory=dict)
    keep_reports: int = 100
    copies_backups: bool = True

    @property
    def location(self) -> tuple[Any, ...]:
        """What must be the same for the files to lie at the same place."""
        return (self.kind, *(self.options.get(name, "") for name in ("endpoint", "bucket", "root", "path")))


@dataclass(frozen=True)
class Place:
    """Settings with the secret, as a target is made of them."""

    settings: OffsiteSettings
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class SenderState:
    """How sending fares."""

    attempts: int = 0
    next_attempt_at: datetime | None = None
    failing_since: datetime | None = None
    error: dict[str, Any] | None = None
    last_sent_at: datetime | None = None
