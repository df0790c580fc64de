"""`make bench`: the figures of the design, each beside its peer in the same run on this machine."""

from __future__ import annotations

import platform
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import engine, pages, store


def main() -> int:
    """Measure and print; nothing is asserted, a figure is read beside its peer."""
    print(f"{platform.platform()}  Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="quantbox-bench-") as name:
        folder = Path(name)
        for measure in (engine.measure, store.measure, pages.measure):
            for line in measure(folder):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
