"""Promise 13: the authority can sign for this installation alone; judged by the `openssl` command and by Python's TLS client."""

from __future__ import annotations

import ssl
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from quantbox.web.tls.addresses import is_private
from quantbox.web.tls.authority import Authority, Leaf, create_authority, issue_leaf, new_local_name
from quantbox.web.tls.contexts import remove_leftovers, server_context
from tests.lan.authorities import NAME, NOW, verify, write_pem

ADDRESSES = ("192.168.1.23", "10.9.8.7", "172.31.0.1", "169.254.7.7", "fd12:3456::1")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return create_authority(NAME, NOW)


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return issue_leaf(authority, NAME, ADDRESSES, NOW)


def extension(certificate: x509.Certificate, kind: Any) -> Any:
    return certificate.extensions.get_extension_for_class(kind)


def test_the_authority_says_what_it_may_sign_for_and_says_it_critically(authority: Authority) -> None:
    certificate = authority.certificate
    constraints = extension(certificate, x509.NameConstraints)
    assert constraints.critical
    assert {str(one.value) for one in constraints.value.permitted_subtrees} == {
        NAME,
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    }
    basic, usage = extension(certificate, x509.BasicConstraints), extension(certificate, x509.KeyUsage)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (True, True, False)
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert isinstance(authority.key.curve, ec.SECP256R1)
    assert certificate.not_valid_after_utc - NOW == timedelta(days=3652)


def test_a_leaf_lives_397_days_at_most_and_serves_name_and_addresses(authority: Authority, leaf: Leaf) -> None:
    certificate = leaf.certificate
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=397)
    names = extension(certificate, x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [NAME]
    assert tuple(map(str, names.get_values_for_type(x509.IPAddress))) == ADDRESSES
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    late = issue_leaf(authority, NAME, (), authority.certificate.not_valid_after_utc - timedelta(days=40))
    assert late.not_after == authority.certificate.not_valid_after_utc


@pytest.mark.parametrize("option", [("-verify_hostname", NAME), *(("-verify_ip", one) for one in ADDRESSES)])
def test_openssl_accepts_the_leaf_for_each_of_its_names(
    authority: Authority, leaf: Leaf, tmp_path: Path, option: tuple[str, str]
) -> None:
    assert verify(tmp_path, authority.certificate, leaf.certificate, *option).endswith("leaf.pem: OK\n")


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("example.com", ()),
        ("www.icbc.com.cn", ()),
        ("localhost", ()),
        ("other.local", ()),
        ("x" + NAME, ()),
        (NAME, ("8.8.8.8",)),
        (NAME, ("127.0.0.1",)),
        (NAME, ("172.32.0.1",)),
        (NAME, ("2400:3200::1",)),
    ],
)
def test_openssl_refuses_what_the_authority_signs_beyond_its_bounds(
    authority: Authority, tmp_path: Path, name: str, addresses: tuple[str, ...]
) -> None:
    forged = issue_leaf(authority, name, addresses, NOW)
    assert "permitted subtree violation" in verify(tmp_path, authority.certificate, forged.certificate)


def test_openssl_refuses_an_authority_below_this_one(authority: Authority, tmp_path: Path) -> None:
    below = create_authority(NAME, NOW)
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "below")]))
        .issuer_name(authority.certificate.subject)
        .public_key(below.key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    for kept in below.certificate.extensions:
        signed = signed.add_extension(kept.value, kept.critical)
    signed = signed.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            extension(authority.certificate, x509.SubjectKeyIdentifier).value
        ),
        critical=False,
    )
    middle = signed.sign(authority.key, hashes.SHA256())
    leaf = issue_leaf(Authority(middle, below.key), NAME, (), NOW)
    chain = write_pem(tmp_path / "middle.pem", middle)
    said = verify(tmp_path, authority.certificate, leaf.certificate, "-untrusted", str(chain))
    assert "path length constraint exceeded" in said


def shake_hands(context: ssl.SSLContext, authority: Authority, name: str) -> str | None:
    """Let Python's client speak with the context in memory and return the version agreed on."""
    trust = ssl.create_default_context(cadata=authority.certificate_bytes())
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(down, up, server_hostname=name)
    server = context.wrap_bio(up, down, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client.version()


def test_pythons_client_speaks_tls_1_3_with_the_leaf_and_refuses_a_forged_one(tmp_path: Path) -> None:
    authority = create_authority(NAME, datetime.now(UTC))
    good = server_context(issue_leaf(authority, NAME, (), datetime.now(UTC)), tmp_path)
    assert shake_hands(good, authority, NAME) == "TLSv1.3"
    forged = server_context(issue_leaf(authority, "example.com", (), datetime.now(UTC)), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(forged, authority, "example.com")


def test_the_leafs_key_passes_through_a_file_nobody_else_can_read_and_leaves_none(
    leaf: Leaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, bytes]] = []

    load = ssl.SSLContext.load_cert_chain

    def watch(context: ssl.SSLContext, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        seen.append((stat.S_IMODE(Path(certfile).stat().st_mode), Path(certfile).read_bytes()))
        load(context, certfile, keyfile, password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watch)
    server_context(leaf, tmp_path / "run")
    mode, content = seen[0]
    assert sys.platform == "win32" or mode == 0o600
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in content
    assert b"BEGIN PRIVATE KEY" not in content
    assert list((tmp_path / "run").iterdir()) == []


def test_no_file_is_left_where_the_key_cannot_be_loaded_nor_after_a_killed_process(
    leaf: Leaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> Iterator[None]:
        raise ssl.SSLError("full")

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", fail)
    with pytest.raises(ssl.SSLError):
        server_context(leaf, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "leaf-abc.pem").write_bytes(b"left behind")
    (tmp_path / "program.json").write_bytes(b"{}")
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["program.json"]


def test_a_leaf_fits_until_thirty_days_before_its_end_and_for_its_addresses_only(authority: Authority, leaf: Leaf) -> None:
    by = authority.certificate
    assert leaf.fits(by, tuple(reversed(ADDRESSES)), NOW)
    assert not leaf.fits(by, ADDRESSES[1:], NOW)
    assert not leaf.fits(by, (*ADDRESSES, "192.168.1.24"), NOW)
    assert not leaf.fits(create_authority(new_local_name(), NOW).certificate, ADDRESSES, NOW)
    assert leaf.fits(by, ADDRESSES, leaf.not_after - timedelta(days=31))
    assert not leaf.fits(by, ADDRESSES, leaf.not_after - timedelta(days=30))


def test_the_last_leaf_of_an_authority_fits_to_its_end_for_another_would_live_no_longer(authority: Authority) -> None:
    end = authority.certificate.not_valid_after_utc
    last = issue_leaf(authority, NAME, ADDRESSES, end - timedelta(days=100))
    assert last.fits(authority.certificate, ADDRESSES, end - timedelta(days=1))


def test_the_authoritys_key_comes_back_from_its_bytes(authority: Authority) -> None:
    again = Authority.load(authority.certificate_bytes(), authority.key_bytes())
    assert again.certificate == authority.certificate
    assert again.key.private_numbers() == authority.key.private_numbers()
    assert "key" not in repr(authority)


def test_names_are_random_and_valid_host_names() -> None:
    names = {new_local_name() for _ in range(50)}
    assert len(names) == 50
    assert all(name.removesuffix(".local").isalnum() and len(name) == 16 for name in names)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        *((one, True) for one in ("10.0.0.1", "172.16.0.1", "192.168.255.1", "169.254.1.1", "fd00::1", "fe80::1%eth0")),
        ("::ffff:192.168.1.5", True),
        *((one, False) for one in ("127.0.0.1", "::1", "8.8.8.8", "172.32.0.1", "192.0.2.2", "100.64.0.1", "2400:3200::1")),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_which_addresses_are_private(address: str, private: bool) -> None:
    assert is_private(address) is private
