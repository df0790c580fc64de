"""``python -m quantbox.cli``: how processes start each other."""

import sys

from quantbox.cli.entry import main

sys.exit(main())
