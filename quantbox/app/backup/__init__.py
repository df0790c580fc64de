"""Backups between the command line, the supervisor and the services: the commands, and a restored store's first opening."""

__all__: list[str] = []
