"""Promise 14: no client of ours ever disables certificate checks; looked for in the sources, and tried on wrong certificates."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.web.wrong_origin import WrongOrigin, wrong_origin

ROOT = Path(__file__).resolve().parents[2]
#: Every way the languages and libraries here have to look away from a certificate.
LOOKING_AWAY = re.compile(
    r"CERT_NONE|CERT_OPTIONAL|_create_unverified_context|_create_stdlib_context|check_hostname\s*=\s*False"
    r"|verify(_ssl|_mode)?\s*[=:]\s*(False|0\b|None|ssl\.CERT)|ssl\s*=\s*False|ignore_ssl|ignore_https_errors|allow_insecure"
    r"|disable_warnings|InsecureRequestWarning|rejectUnauthorized|NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY"
    r"|ignore-certificate-errors|allow-running-insecure|acceptCertificate|certificateError|ignoreCertificateError"
    r"|danger_accept|skip_tls|insecure_skip|tls_insecure|trusted-host|--no-check-certificate|curl (-k|--insecure)|strict-ssl",
    re.IGNORECASE,
)
LOOKED_THROUGH = ("quantbox", "build", "static/js", "templates", "Makefile", "pyproject.toml", ".ci")


def sources() -> Iterator[Path]:
    kinds = {".py", ".js", ".mjs", ".json", ".html", ".toml", ".sh", ".cfg", ".yml", ""}
    for name in LOOKED_THROUGH:
        path = ROOT / name
        yield from (
            [path]
            if path.is_file()
            else (
                found
                for found in path.rglob("*")
                if found.suffix in kinds and not {"node_modules", "vendor", "__pycache__"} & set(found.parts) and found.is_file()
            )
        )


def test_promise_14_nothing_in_the_program_looks_away_from_a_certificate() -> None:
    texts = list(sources())
    assert len(texts) > 200
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if LOOKING_AWAY.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "requests.get(url, verify=False)",
        "context.check_hostname = False",
        "context.verify_mode = ssl.CERT_NONE",
        "--ignore-certificate-errors",
        "RuntimeOptions(ignore_ssl=True)",
    ],
)
def test_the_search_finds_what_it_looks_for(line: str) -> None:
    assert LOOKING_AWAY.search(line)


# --- every client against an origin it must refuse -------------------------------------------------------------------


@pytest.fixture(params=["an authority nobody knows", "the name of somebody else"])
def origin(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WrongOrigin]:
    bundle = tmp_path / "authority.pem"
    is_known = request.param == "the name of somebody else"
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with wrong_origin(bundle, "somebody.example") as running:
        if is_known:
            for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
                monkeypatch.setenv(name, str(bundle))
        yield running


@pytest.fixture
def upstreams_lead_there(origin: WrongOrigin, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = socket.getaddrinfo

    def redirected(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host in ("localhost", "127.0.0.1", None, ""):
            return lookup(host, port, *arguments, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", origin.port))]

    monkeypatch.setattr(socket, "getaddrinfo", redirected)


def refused_by_all(origin: WrongOrigin, *questions: Callable[[], Any]) -> None:
    """Ask each question and see that it came, and said nothing to a server it cannot know."""
    for number, question in enumerate(questions):
        before = origin.connections
        with pytest.raises(Exception):  # noqa: B017, PT011 - each library's own; that nothing was said is what counts
            question()
        assert origin.connections > before, f"question {number} did not reach the origin"
    assert origin.heard == b""


@pytest.mark.usefixtures("upstreams_lead_there")
def test_promise_14_market_data_sources_refuse_a_wrong_certificate(origin: WrongOrigin) -> None:
    import akshare

    from quantbox.market_data.sources.akshare import AkshareSource

    for cached in (akshare.stock_info_sh_name_code, akshare.stock_info_bj_name_code, akshare.stock_info_a_code_name):
        getattr(cached, "cache_clear", lambda: None)()
    source = AkshareSource(deadline_seconds=60, spacing_seconds=0, retry_pause_seconds=0)
    days = (date(2026, 1, 5), date(2026, 1, 9))
    refused_by_all(
        origin,
        lambda: source.daily_bars("600000.SH", *days),
        lambda: source.daily_bars("000300.SH", *days),
        lambda: source.daily_bars("510300.SH", *days),
        source.names,
        source.sessions,
    )


def test_promise_14_cloud_clients_refuse_a_wrong_certificate(origin: WrongOrigin) -> None:
    from quantbox.user_auth.factors.sms.aliyun import AliyunCompanySms, AliyunEndpoint, AliyunPersonalSms
    from quantbox.user_auth.factors.sms.base import AccessKey as SmsKey
    from quantbox.user_auth.factors.sms.base import SmsProvider, SmsSettings
    from quantbox.vault.models import AccessKey, KmsAddress
    from quantbox.vault.wrappers.aliyun_kms import AliyunKms

    host = f"localhost:{origin.port}"
    settings = SmsSettings(SmsProvider.ALIYUN_COMPANY, "sign", "SMS_1", "")
    key, endpoint = SmsKey("id", "secret"), AliyunEndpoint(host)
    kms = AliyunKms(KmsAddress(endpoint=host, key_id="key"), AccessKey("id", "secret"))
    refused_by_all(
        origin,
        lambda: AliyunCompanySms(settings, key, endpoint).send("13800138000", "123456"),
        lambda: AliyunPersonalSms(settings, key, endpoint).make("13800138000"),
        lambda: AliyunPersonalSms(settings, key, endpoint).check("13800138000", "123456"),
        lambda: kms.wrap(b"k" * 32, {"store": "s"}),
    )


def test_promise_14_off_site_storage_refuses_a_wrong_certificate(origin: WrongOrigin) -> None:
    import opendal

    url = f"https://localhost:{origin.port}"
    keys = {"access_key_id": "a", "secret_access_key": "b", "region": "auto", "disable_config_load": "true"}
    places = [
        opendal.Operator("webdav", endpoint=url, username="a", password="b"),
        opendal.Operator("s3", endpoint=url, bucket="backups", **keys),
    ]
    refused_by_all(origin, *[lambda place=place: place.write("a", b"b") for place in places])
