"""The program, its window and its tablets."""

from __future__ import annotations

import pytest

from tests.lan.tablets import Lan
from tests.web.program import Browser, Program, new_program, program, sign_in

__all__ = ["lan_program", "new_program", "owner", "program"]


@pytest.fixture
def lan_program(program: Program) -> Lan:
    """The program with its listener on the LAN open."""
    return Lan(program)


@pytest.fixture
def owner(lan_program: Lan, program: Program) -> Browser:
    """The owner at the window, having proven who is there."""
    return sign_in(lan_program.window(), program).step_up()
