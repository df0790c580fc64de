"""Where things lie in the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

__all__ = ["DataFolder", "default_data_folder"]


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
    def logs(self) -> Path:
        """Log files: never private content."""
        return self.root / "logs"


def default_data_folder() -> DataFolder:
    """Return the folder the platform keeps application data in."""
    return DataFolder(Path(platformdirs.user_data_dir("QuantBox", appauthor=False)))
