"""Uploaded files go straight to the folder their route named, never through the system's temporary folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flask import Request

from quantbox.core.disk import require_free
from quantbox.web.errors import RequestRefused

__all__ = ["UploadRequest", "UploadedFile", "safe_file_name"]

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_NAME_BYTES = 200


@dataclass(frozen=True)
class UploadedFile:
    """One uploaded file: the name its owner knows, and where it lies."""

    name: str
    path: Path


class UploadRequest(Request):
    """A request that takes files only where its route has named a folder for them."""

    upload_folder: Path | None = None

    def read_files(self, folder: Path) -> list[UploadedFile]:
        """Write the files of a multipart body below `folder`, each under its own name, and return them.

        Raises
        ------
        DiskTooSmall
            They would not fit; nothing of the body is read.
        """
        self.upload_folder = folder
        require_free(folder, self.content_length or 0)
        self.received: list[UploadedFile] = []
        for _field, file in self.files.items(multi=True):
            file.close()
        return [file for file in self.received if file.name]

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        del total_content_length, content_type, content_length
        if self.upload_folder is None:
            raise RequestRefused(415)
        # A folder for each file: its name may tell its symbol and stays what it is, and two may be named alike.
        own = self.upload_folder / str(len(self.received))
        own.mkdir()
        self.received.append(UploadedFile(filename or "", own / safe_file_name(filename or "")))
        return self.received[-1].path.open("w+b")


def safe_file_name(name: str) -> str:
    """Return the last part of an uploaded file's name, harmless on every system and still telling what it holds."""
    harmless = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip(" .")
    while len(harmless.encode()) > _NAME_BYTES:
        harmless = harmless[1:]  # the end tells the format
    return f"_{harmless}" if not harmless or _RESERVED.match(harmless) else harmless
