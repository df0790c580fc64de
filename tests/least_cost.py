"""``python -m quantbox.cli`` at the least accepted cost of a pass phrase, for tests of something else than that cost."""

from __future__ import annotations

import sys

LEAST_MEMORY_KIB = 64 * 1024

if __name__ == "__main__":
    from quantbox.cli import main
    from quantbox.vault.wrappers import passphrase

    passphrase.STANDARD_MEMORY_KIB = LEAST_MEMORY_KIB
    sys.exit(main())
