"""The listener on the LAN: follows the owner's choice, this machine's addresses and the life of its certificate."""

from __future__ import annotations

import logging
import threading
import weakref
from datetime import datetime, timedelta
from typing import Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from quantbox.app.lan.announcement import Announcement, Wanted
from quantbox.app.lan.errors import AuthorityEnding
from quantbox.app.lan.service import LanChoice, LanChoices
from quantbox.core.clock import Clock
from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import DataFolder
from quantbox.web.errors import ListenerUnavailable, VaultLocked
from quantbox.web.serving.requests import WsgiApp
from quantbox.web.serving.server import Server
from quantbox.web.tls.addresses import is_private, own_private_addresses
from quantbox.web.tls.authority import Leaf, issue_leaf
from quantbox.web.tls.contexts import remove_leftovers, server_context

__all__ = ["DEFAULT_PORT", "LanListener"]

DEFAULT_PORT = 8766
LOOK_EVERY_SECONDS = 2.0
#: The owner has so long to bring every tablet a new certificate.
WARN_BEFORE_END = timedelta(days=60)
#: A browser with every socket a session may have needs 26.
MAX_CONNECTIONS = 120
MAX_CONNECTIONS_PER_ADDRESS = 40

_log = logging.getLogger(__name__)


class Store(Protocol):
    """The program's state, as far as the listener needs it."""

    @property
    def folder(self) -> DataFolder:
        """The data folder."""
        ...

    @property
    def services(self) -> object | None:
        """The services of the open store, `lan` among them; None while it is locked."""
        ...


class LanListener:
    """Serves the application on this machine's private addresses while the owner wants it.

    It keeps its certificate when the vault is locked: the pages then show the unlock page. What needs the authority's
    key (a new address, a certificate near its end) waits for the next unlocking; until then the name goes on to work.

    Parameters
    ----------
    app : WSGI application
        Answers the requests, the same as in the window.
    store : Store
        Tells whether the store is open.
    clock : Clock
        Decides when a certificate is near its end.
    """

    def __init__(self, app: WsgiApp, store: Store, clock: Clock) -> None:
        self._app, self._store, self._clock = app, store, clock
        self._run_folder = store.folder.program_file.parent
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._read_from: weakref.ref[object] | None = None
        self._choice: LanChoice | None = None
        self._leaf: Leaf | None = None
        self._server: Server | None = None
        self._problem: QuantBoxError | None = None
        self._announcement = Announcement()

    # --- what others know of it ---

    @property
    def port(self) -> int:
        """The port it listens on, or would."""
        return DEFAULT_PORT if self._choice is None else self._choice.port

    def host_names(self) -> tuple[str, ...]:
        """Return what a browser may name it by, best first: the name in .local unless it could not be announced, addresses."""
        choice, server = self._choice, self._server
        if choice is None or server is None:
            return ()
        addresses = [f"[{host}]" if ":" in host else host for host in server.hosts]
        return (*addresses, choice.name) if self._announcement.problem else (choice.name, *addresses)

    def authority_certificate(self) -> bytes | None:
        """Return the certificate (DER) a tablet installs; None while there is none."""
        choice = self._choice
        return None if choice is None else choice.authority_certificate.public_bytes(Encoding.DER)

    def describe(self, *, follows: bool) -> dict[str, object]:
        """Return what the owner sees of it, after following up where `follows`."""
        if follows:
            self.follow()
        with self._lock:
            choice, leaf, server = self._choice, self._leaf, self._server
            hosts = self.host_names()
            return {
                "is_on": choice is not None and choice.is_on,
                "name": None if choice is None else choice.name,
                "port": self.port,
                "urls": [f"https://{host}:{self.port}/" for host in hosts],
                "addresses": () if server is None else server.hosts,
                "fingerprint": None if choice is None else fingerprint_of(choice.authority_certificate),
                "leaf_not_after": None if leaf is None or server is None else leaf.not_after,
                "authority_not_after": None if choice is None else choice.authority_certificate.not_valid_after_utc,
                "mdns": {"is_announced": self._announcement.is_announced, "reason": self._announcement.state.to_json()},
                "problem": self._problem or self._warning(),
            }

    # --- following ---

    def start(self) -> None:
        """Follow the choice and the addresses from now on, in a thread of its own."""
        remove_leftovers(self._run_folder)
        self._thread = threading.Thread(target=self._watch, name="lan", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._close()
            self._announcement.withdraw()

    def renew_authority(self) -> None:
        """Take another name and authority from now on; whoever came under the old ones is cut off.

        Raises
        ------
        LanNeeded
            There is no authority yet.
        """
        choices = self._open_choices()
        with self._lock:
            self._choice = choices.renew_authority()
            self._close()
            self.follow()
        self._wake.set()

    def decide(self, *, is_on: bool, port: int, at_once: bool) -> None:
        """Keep the owner's choice and follow it; a port that cannot be had leaves everything as it was.

        Parameters
        ----------
        at_once : bool
            False where the asking connection itself comes by the listener, and would be cut off before its answer.

        Raises
        ------
        ListenerUnavailable
            None of the addresses can be listened on.
        """
        choices = self._open_choices()
        with self._lock:
            before = choices.read()
            self._choice = choices.decide(is_on=is_on, port=port)
            if not at_once:
                self._wake.set()
                return
            self.follow()
            if isinstance(self._problem, ListenerUnavailable) and self._server is not None and not self._server.hosts:
                refusal = self._problem
                self._choice = choices.decide(
                    is_on=before is not None and before.is_on, port=port if before is None else before.port
                )
                self.follow()
                raise refusal
        self._wake.set()

    def follow(self) -> None:
        """Bring listener and certificate to what the choice, the addresses and the day ask for."""
        with self._lock:
            choices = self._read_choice()
            choice, now = self._choice, self._clock.now()
            if choice is None or not choice.is_on or now >= choice.authority_certificate.not_valid_after_utc:
                self._close()
                return
            if self._server is not None and self._server.port != choice.port:
                self._close()
            addresses = own_private_addresses()
            if choices is not None and not self._fits(choice, addresses, now):
                self._renew(choices, choice, addresses, now)
            self._listen(addresses)

    def _watch(self) -> None:
        while not self._is_stopping:
            try:
                self.follow()
                self._announcement.announce(self._wanted())
            except Exception as error:  # noqa: BLE001 - the edge of a thread: it looks again in a moment
                _log.error("the listener on the LAN could not be followed up: %s", type(error).__name__)
            self._wake.wait(LOOK_EVERY_SECONDS)
            self._wake.clear()

    def _wanted(self) -> Wanted | None:
        with self._lock:
            if self._choice is None or self._server is None:
                return None
            return Wanted(self._choice.name, self._server.hosts, self._server.port)

    def _warning(self) -> AuthorityEnding | None:
        if self._choice is None:
            return None
        end = self._choice.authority_certificate.not_valid_after_utc
        return None if self._clock.now() < end - WARN_BEFORE_END else AuthorityEnding(until=f"{end:%Y-%m-%d}")

    def _open_choices(self) -> LanChoices:
        choices = self._choices()
        if choices is None:
            raise VaultLocked
        return choices

    def _choices(self) -> LanChoices | None:
        services = self._store.services
        return None if services is None else cast("LanChoices", vars(services)["lan"])

    def _read_choice(self) -> LanChoices | None:
        """Read the choice once for every opening of the store; hold nothing that keeps its key alive."""
        services, choices = self._store.services, self._choices()
        if services is None or choices is None:
            return None
        if self._read_from is None or self._read_from() is not services:
            self._choice = choices.read()
            self._read_from = weakref.ref(services)
        return choices

    def _fits(self, choice: LanChoice, addresses: tuple[str, ...], now: datetime) -> bool:
        leaf = self._leaf
        return leaf is not None and self._server is not None and leaf.fits(choice.authority_certificate, addresses, now)

    def _renew(self, choices: LanChoices, choice: LanChoice, addresses: tuple[str, ...], now: datetime) -> None:
        leaf = issue_leaf(choices.authority(), choice.name, addresses, now)
        context = server_context(leaf, self._run_folder)
        if self._server is None:
            self._server = Server(
                self._app,
                port=choice.port,
                hosts=(),
                tls=context,
                max_connections=MAX_CONNECTIONS,
                max_connections_per_address=MAX_CONNECTIONS_PER_ADDRESS,
                admits=is_private,
            )
        else:
            self._server.use_tls(context)
        self._leaf = leaf

    def _listen(self, addresses: tuple[str, ...]) -> None:
        self._problem = None
        if self._server is None:
            return
        try:
            self._server.listen_on(addresses)
        except ListenerUnavailable as problem:
            self._problem = problem  # tried again at the next look: an address may need a moment, a port may come free

    def _close(self) -> None:
        server, self._server, self._leaf, self._problem = self._server, None, None, None
        if server is not None:
            server.stop()


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate as systems show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
