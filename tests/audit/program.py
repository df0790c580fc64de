"""What the tests of recording ask of a running application."""

from __future__ import annotations

from quantbox.audit.models import AuditRecord, RecordFilter
from quantbox.web.api import Endpoint
from tests.web.program import Browser, Program

__all__ = ["endpoints_of", "log_of"]


def endpoints_of(browser: Browser) -> list[Endpoint]:
    """Return every route of the application."""
    endpoints: list[Endpoint] = browser.client.application.extensions["quantbox.endpoints"]
    return endpoints


def log_of(program: Program) -> list[AuditRecord]:
    """Return the whole log, oldest first."""
    return list(program.open_services.audit.read_all(RecordFilter()))
