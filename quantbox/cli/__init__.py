"""The command line: the one entry of every process, and the same services as the pages without the web.

A command imports only what it needs when it runs, so that the supervisor stays small and --help is quick.
"""

from quantbox.cli.entry import main

__all__ = ["main"]
