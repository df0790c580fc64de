"""The listener on the LAN over real sockets and TLS; this machine's loopback addresses play its private ones."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import text

from quantbox.app.lan import listener as listening
from quantbox.app.lan.errors import AuthorityEnding
from quantbox.app.lan.listener import LanListener
from quantbox.core.clock import FixedClock
from quantbox.user_auth.pairing.errors import LanNeeded
from quantbox.web.errors import ListenerUnavailable, VaultLocked
from quantbox.web.tls import authority
from tests.lan.authorities import openssl
from tests.lan.stores import LanStore, hello, trusting

#: Addresses of this process alone, so that no other's listener or test can have the port.
ADDRESS, SECOND, THIRD = (f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 256}.{host}" for host in (2, 3, 4))
PORT = 8766


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What this machine's private addresses are said to be; a test may change it."""
    current = [ADDRESS]
    monkeypatch.setattr(listening, "own_private_addresses", lambda: tuple(current))
    monkeypatch.setattr(listening, "is_private", lambda _address: True)
    monkeypatch.setattr(authority, "PRIVATE_NETWORKS", (ip_network("127.0.0.0/8"),))
    return current


@pytest.fixture
def today() -> FixedClock:
    """A clock that starts at the real time, for clients look at their own."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def store(tmp_path: Path, today: FixedClock) -> Iterator[LanStore]:
    store = LanStore(tmp_path / "store", today)
    store.open()
    yield store
    store.close()


@pytest.fixture
def make_listener(store: LanStore, addresses: list[str], today: FixedClock) -> Iterator[Callable[[], LanListener]]:
    made: list[LanListener] = []

    def make() -> LanListener:
        made.append(LanListener(hello, store, today))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def lan(make_listener: Callable[[], LanListener]) -> LanListener:
    """The listener, turned on."""
    listener = make_listener()
    listener.decide(is_on=True, port=PORT, at_once=True)
    return listener


def name_of(listener: LanListener) -> str:
    return listener.host_names()[0]


def ask(listener: LanListener, address: str = ADDRESS) -> tuple[str, bytes, bytes]:
    """Ask as a tablet does that resolved the name to `address`: TLS version, answer, certificate."""
    trust, name = trusting(listener), name_of(listener)
    with socket.create_connection((address, listener.port), timeout=20) as plain:
        with trust.wrap_socket(plain, server_hostname=name) as client:
            version, certificate = client.version() or "", client.getpeercert(binary_form=True) or b""
            client.sendall(f"GET / HTTP/1.1\r\nHost: {name}:{listener.port}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := client.recv(4096):
                answer += piece
            return version, answer.partition(b"\r\n\r\n")[2], certificate


def test_a_client_with_the_authority_is_answered_over_tls_1_3(lan: LanListener) -> None:
    version, answer, _certificate = ask(lan)
    assert version == "TLSv1.3"
    assert answer.decode() == f"https {name_of(lan)}:{lan.port}"


def test_a_client_without_the_authority_refuses_the_listener(lan: LanListener) -> None:
    connection = http.client.HTTPSConnection(ADDRESS, lan.port, timeout=20, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        connection.request("GET", "/")
    connection.close()


def test_promise_12_only_tls_1_3_is_spoken_on_the_lan_and_no_plain_http(lan: LanListener) -> None:
    assert "TLSv1.3" in openssl("s_client", "-connect", f"{ADDRESS}:{PORT}", "-tls1_3", "-brief")
    for older in ("-tls1", "-tls1_1", "-tls1_2"):
        said = openssl("s_client", "-connect", f"{ADDRESS}:{PORT}", older, "-cipher", "ALL:@SECLEVEL=0", "-brief")
        assert "alert protocol version" in said, (older, said)
        assert "CONNECTION ESTABLISHED" not in said
    with socket.create_connection((ADDRESS, lan.port), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = client.recv(4096)
    assert b"HTTP" not in answer


def test_the_key_of_the_authority_lies_sealed_and_no_file_of_a_leaf_is_left(lan: LanListener, store: LanStore) -> None:
    assert store.services is not None
    key = store.services.lan.authority().key_bytes()
    certificate = lan.authority_certificate()
    assert certificate is not None
    files = [path for path in store.folder.root.rglob("*") if path.is_file()]
    assert [path.name for path in files if path.suffix == ".pem"] == []
    assert not any(key[-64:] in path.read_bytes() for path in files)
    with store._engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM lan")).mappings().one()
    assert row["authority_certificate"] == certificate
    assert key not in row["authority_key"]
    assert b"PRIVATE KEY" not in row["authority_key"]


def test_a_leaf_near_its_end_renews_itself_and_no_client_has_to_do_anything(lan: LanListener, today: FixedClock) -> None:
    first = ask(lan)[2]
    today.advance(timedelta(days=397 - 1 - 30 - 1).total_seconds())
    lan.follow()
    assert ask(lan)[2] == first
    today.advance(timedelta(days=1).total_seconds())
    lan.follow()
    der = ssl.get_server_certificate((ADDRESS, lan.port))
    second = ssl.PEM_cert_to_DER_cert(der)
    assert second != first
    renewed = x509.load_der_x509_certificate(second)
    renewed.verify_directly_issued_by(x509.load_der_x509_certificate(lan.authority_certificate() or b""))
    assert renewed.not_valid_after_utc - today.now() == pytest.approx(timedelta(days=396), abs=timedelta(seconds=1))


def test_a_changed_address_gets_a_leaf_of_its_own(lan: LanListener, addresses: list[str]) -> None:
    first = ask(lan)[2]
    addresses[:] = [SECOND, THIRD]
    lan.follow()
    assert ask(lan, SECOND)[2] == ask(lan, THIRD)[2] != first
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, lan.port), timeout=20)
    addresses.clear()
    lan.follow()
    assert lan.describe(follows=False)["addresses"] == ()
    addresses[:] = [ADDRESS]
    lan.follow()
    assert ask(lan)[1].startswith(b"https ")


def test_locking_the_vault_leaves_it_there_and_a_new_address_is_reached_by_name(
    lan: LanListener, store: LanStore, addresses: list[str]
) -> None:
    first = ask(lan)[2]
    store.lock()
    lan.follow()
    assert ask(lan)[2] == first
    addresses[:] = [SECOND]
    lan.follow()
    assert ask(lan, SECOND)[2] == first  # the key that signs is locked away; the name holds
    store.open()
    lan.follow()
    assert ask(lan, SECOND)[2] != first


def test_it_is_back_after_a_restart_with_the_open_store_and_after_a_cold_start_with_the_first_unlocking(
    lan: LanListener, store: LanStore, make_listener: Callable[[], LanListener]
) -> None:
    name, port, trust = name_of(lan), lan.port, lan.authority_certificate()
    lan.stop()
    again = make_listener()
    again.follow()
    assert (name_of(again), again.port, again.authority_certificate()) == (name, port, trust)
    assert ask(again)[0] == "TLSv1.3"
    again.stop()
    store.lock()
    cold = make_listener()
    cold.follow()
    assert cold.host_names() == ()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, port), timeout=20)
    store.open()
    cold.follow()
    assert ask(cold)[0] == "TLSv1.3"


def test_turned_off_nothing_listens_and_turned_on_again_the_tablet_still_trusts_it(lan: LanListener) -> None:
    name, trust = name_of(lan), lan.authority_certificate()
    lan.decide(is_on=False, port=lan.port, at_once=True)
    assert lan.host_names() == ()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, lan.port), timeout=20)
    lan.decide(is_on=True, port=lan.port, at_once=True)
    assert (name_of(lan), lan.authority_certificate()) == (name, trust)
    assert ask(lan)[0] == "TLSv1.3"


def test_a_taken_port_is_refused_and_the_one_before_goes_on(lan: LanListener, store: LanStore) -> None:
    with socket.create_server((ADDRESS, 0)) as other:
        with pytest.raises(ListenerUnavailable) as refused:
            lan.decide(is_on=True, port=other.getsockname()[1], at_once=True)
        assert refused.value.facts["port"] == other.getsockname()[1]
    assert ask(lan)[0] == "TLSv1.3"
    assert store.services is not None
    kept = store.services.lan.read()
    assert kept is not None
    assert kept.port == lan.port


def test_another_authority_cuts_off_everybody_who_came_under_the_old_one(lan: LanListener, store: LanStore) -> None:
    name, old_trust, before = name_of(lan), trusting(lan), lan.describe(follows=True)
    with old_trust.wrap_socket(socket.create_connection((ADDRESS, lan.port), timeout=20), server_hostname=name) as open_since:
        open_since.do_handshake()
        lan.renew_authority()
        assert open_since.recv(10) == b""
    after = lan.describe(follows=True)
    assert after["name"] not in (name, None)
    assert after["fingerprint"] != before["fingerprint"]
    assert (after["is_on"], after["port"]) == (True, before["port"])
    with socket.create_connection((ADDRESS, lan.port), timeout=20) as plain, pytest.raises(ssl.SSLCertVerificationError):
        old_trust.wrap_socket(plain, server_hostname=name)
    assert ask(lan)[0] == "TLSv1.3"
    assert store.services is not None
    kept = store.services.lan.authority()
    assert kept.certificate.public_key() == kept.key.public_key()
    assert lan.authority_certificate() == kept.certificate_bytes()


def test_an_authority_is_made_anew_also_while_the_listener_is_off_and_not_before_there_is_one(
    lan: LanListener, store: LanStore
) -> None:
    lan.decide(is_on=False, port=lan.port, at_once=True)
    certificate = lan.authority_certificate()
    lan.renew_authority()
    assert (lan.host_names(), lan.describe(follows=True)["is_on"]) == ((), False)
    assert lan.authority_certificate() != certificate
    with store._engine.begin() as connection:
        connection.execute(text("DELETE FROM lan"))
    with pytest.raises(LanNeeded):
        lan.renew_authority()
    store.lock()
    with pytest.raises(VaultLocked):
        lan.renew_authority()


def test_the_owner_is_warned_before_the_authority_ends_and_nothing_listens_with_one_that_has(
    lan: LanListener, today: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lan.describe(follows=True)["problem"] is None
    made: list[object] = []
    issue = listening.issue_leaf
    monkeypatch.setattr(listening, "issue_leaf", lambda *arguments: made.append(arguments) or issue(*arguments))
    today.advance(timedelta(days=3652 - 20).total_seconds())
    for _ in range(3):
        lan.follow()
    assert len(made) == 1  # not one at every look: another would end no later
    warning = lan.describe(follows=True)["problem"]
    assert isinstance(warning, AuthorityEnding)
    assert warning.facts["until"] in warning.message("zh")
    today.advance(timedelta(days=21).total_seconds())
    assert isinstance(lan.describe(follows=True)["problem"], AuthorityEnding)
    assert lan.host_names() == ()
    lan.renew_authority()
    assert lan.describe(follows=True)["problem"] is None
    assert len(lan.host_names()) == 2


def test_asked_by_the_lan_itself_it_follows_after_the_answer(lan: LanListener) -> None:
    lan.decide(is_on=False, port=lan.port, at_once=False)
    assert ask(lan)[0] == "TLSv1.3"
    lan.follow()
    assert lan.host_names() == ()


def test_what_the_owner_sees(lan: LanListener) -> None:
    seen = lan.describe(follows=True)
    name = name_of(lan)
    assert seen["is_on"] is True
    assert seen["urls"] == [f"https://{name}:{PORT}/", f"https://{ADDRESS}:{PORT}/"]
    fingerprint = openssl("x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", "-in", saved(lan))
    assert fingerprint.strip().partition("=")[2] == seen["fingerprint"]


def saved(listener: LanListener) -> str:
    path = Path(listener._run_folder) / "authority.crt"
    path.write_bytes(listener.authority_certificate() or b"")
    return str(path)
