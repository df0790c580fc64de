"""The wheel: the package with its templates, static files and built browser libraries inside."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import environment

RESOURCES = ("static", "templates")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules")


def build_wheel(arguments):
    """Build the wheel into dist/ (or the folder given)."""
    environment.ensure("run", "dev")
    target = Path(arguments[0]).resolve() if arguments else environment.ROOT / "dist"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        shutil.copytree(environment.ROOT / "quantbox", source / "quantbox", ignore=IGNORED)
        for name in RESOURCES:
            shutil.copytree(environment.ROOT / name, source / "quantbox" / "_resources" / name, ignore=IGNORED)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(environment.ROOT / name, source / name)
        command = [str(environment.PYTHON), "-m", "build", "--wheel", "--outdir", str(target), str(source)]
        return subprocess.call(command)
