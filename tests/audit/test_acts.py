"""Every route and command that changes something is recorded, or stands here with the reason why it is not sensitive."""

from __future__ import annotations

import re

from quantbox.app.commands import COMMANDS
from quantbox.audit.acts import ACTS
from quantbox.audit.facts import KNOWN_FACTS
from quantbox.web.api import Endpoint
from tests.audit.program import endpoints_of
from tests.web.program import Browser

#: State changes that no record is made of, each with the reason.
NOT_SENSITIVE = {
    "app.run_command": "records itself as the command it runs, or as command.run when the signature is refused",
    "backtesting.inspect_strategy": "reads the text it is given and changes nothing",
    "user_auth.keep_session": "notes that pointer or keys were used, many times an hour",
    "user_auth.offer_passkey": "a challenge that is void unless answered; the answer is the act",
    "user_auth.offer_step_up_passkey": "as above",
}

#: Commands that no record is made of, each with the reason.
NOT_RECORDED = {
    **dict.fromkeys(("data.show", "data.check", "doctor", "people.list", "offsite.show", "backup.count"), "only reads"),
    **dict.fromkeys(("audit.verify", "audit.list"), "only reads"),
    "audit.anchor": "records itself, for its record says what is given up",
}


def changing(browser: Browser) -> dict[str, Endpoint]:
    return {one.name: one for one in endpoints_of(browser) if one.changes_state}


def test_every_state_change_is_an_act_or_stands_on_the_list(stranger: Browser) -> None:
    endpoints = changing(stranger)
    silent = {name for name, endpoint in endpoints.items() if endpoint.act is None}
    assert silent == set(NOT_SENSITIVE) & set(endpoints), "name its act in Routes.add, or say above why it needs none"


def test_every_act_of_a_route_or_command_has_a_name_in_both_languages(stranger: Browser) -> None:
    acts = {one.act for one in endpoints_of(stranger) if one.act} | {one.act for one in COMMANDS.values() if one.act}
    assert acts - set(ACTS) == set(), "name it in quantbox/audit/acts.py"
    for act, name in ACTS.items():
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", act), act
        assert name.zh
        assert name.en
        assert name.zh != name.en
    assert len({name.zh for name in ACTS.values()}) == len(ACTS)


def test_every_command_is_recorded_or_only_reads() -> None:
    silent = {name for name, command in COMMANDS.items() if command.act is None}
    assert silent == set(NOT_RECORDED), "name its act in COMMANDS, or say above why it needs none"


def test_what_an_act_concerns_is_a_known_fact(stranger: Browser) -> None:
    unknown = {
        f"{one.name}: {argument}"
        for one in endpoints_of(stranger)
        if one.act
        for argument in re.findall(r"<(?:\w+:)?(\w+)>", one.rule)
        if argument not in KNOWN_FACTS
    }
    assert unknown == set()
