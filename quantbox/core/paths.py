"""Where things lie in the data folder."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

__all__ = ["DataFolder", "anchors_folder", "default_data_folder", "port_claims_folder", "resource_folder"]


@dataclass(frozen=True)
class DataFolder:
    """The owner's data folder; a copy of it is useless without the pass phrase, but for public market data."""

    root: Path

    @property
    def vault_file(self) -> Path:
        """Wrapped keys and the parameters that open them; its presence means the store exists."""
        return self.root / "vault.json"

    @property
    def database(self) -> Path:
        """Everything private, encrypted."""
        return self.root / "quantbox.db"

    @property
    def market(self) -> Path:
        """Public market data in Parquet."""
        return self.root / "market"

    @property
    def spool(self) -> Path:
        """Uploaded public market files waiting for their import job."""
        return self.root / "market" / "spool"

    @property
    def lock_file(self) -> Path:
        """Held by the one process tree that has the store open."""
        return self.root / "store.lock"

    @property
    def program_file(self) -> Path:
        """Says where a running program listens (no secret in it)."""
        return self.root / "run" / "program.json"

    @property
    def attempts_file(self) -> Path:
        """Counts of wrong guesses, readable while the store is locked (no secret in it)."""
        return self.root / "run" / "attempts.json"

    @property
    def unrecorded_file(self) -> Path:
        """Sensitive acts refused while the store was locked, until the audit log takes them (no secret in it)."""
        return self.root / "run" / "unrecorded.json"

    @property
    def backups(self) -> Path:
        """Encrypted backups made on schedule or by a click."""
        return self.root / "backups"

    @property
    def logs(self) -> Path:
        """Log files: never private content."""
        return self.root / "logs"

    def free_bytes(self) -> int:
        """Return the free space where the folder lies, or will lie."""
        return shutil.disk_usage(self._nearest()).free

    def is_writable(self) -> bool:
        """Return whether the folder, or the nearest one above it that exists, lets itself be written to."""
        try:
            with tempfile.TemporaryFile(dir=self._nearest()):
                return True
        except OSError:
            return False

    def _nearest(self) -> Path:
        return next(path for path in (self.root, *self.root.absolute().parents) if path.exists())


def default_data_folder() -> DataFolder:
    """Return the folder the platform keeps application data in."""
    return DataFolder(Path(platformdirs.user_data_dir("QuantBox", appauthor=False)))


def anchors_folder() -> Path:
    """Return where the ends of this user's audit logs are kept, apart from the data folders."""
    return Path(platformdirs.user_state_dir("QuantBox", appauthor=False)) / "anchors"


def port_claims_folder() -> Path:
    """Return where this user's programs claim their ports from one another: empty files, one for each port."""
    return Path(platformdirs.user_cache_dir("QuantBox", appauthor=False)) / "ports"


def resource_folder() -> Path:
    """Return the folder of ``templates/`` and ``static/``: the top of a source checkout, inside the package when installed."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_resources"
    return packed if packed.is_dir() else package.parent
