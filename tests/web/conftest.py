"""The program under test, for every test of the web toolkit."""

from tests.web.program import browser, new_program, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]
