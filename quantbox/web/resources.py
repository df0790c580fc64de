"""Where the templates and static files lie: at the top of a source checkout, inside the package when installed."""

from __future__ import annotations

from pathlib import Path

__all__ = ["resource_folder"]


def resource_folder() -> Path:
    """Return the folder that holds ``templates/`` and ``static/``."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_resources"
    return packed if packed.is_dir() else package.parent
