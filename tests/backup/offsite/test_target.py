"""Other places for real: moto as S3 and OSS, a WebDAV server, a folder; and each failure in one sentence.

COS has no addresses with the bucket in the path and is only constructed here.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from moto.server import ThreadedMotoServer

from quantbox.backup.offsite.errors import (
    FolderUnsuitable,
    TargetFailed,
    TargetFileTooLarge,
    TargetObjectMissing,
    TargetRefused,
    TargetSecretWrong,
    TargetSlow,
    TargetUnreachable,
    TargetUntrusted,
)
from quantbox.backup.offsite.models import OffsiteKind, OffsiteSettings, Place
from quantbox.backup.offsite.target import Target, make_target
from tests.backup.offsite.places import BUCKET, SECRET, USER, Gate, WebDav, status

LARGE_BYTES = 17 << 20


@pytest.fixture(scope="module")
def object_store() -> Iterator[str]:
    import boto3

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": USER, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=BUCKET)
    yield endpoint
    server.stop()


def held_by(go_on: threading.Event) -> Gate:
    """A gate that lets nothing through for ten seconds, or until it is told."""

    def hold(_environ: dict[str, Any], _start_response: Any) -> None:
        go_on.wait(10)

    return hold


def target_at(kind: OffsiteKind, options: dict[str, str], secret: str = SECRET, seconds: float = 20.0) -> Target:
    return make_target(Place(OffsiteSettings(kind, options), secret), "quantbox-0123", timeout_seconds=seconds)


@pytest.fixture(params=["folder", "webdav", "s3", "oss"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "folder":
        return target_at(OffsiteKind.FOLDER, {"path": str(tmp_path)})
    if request.param == "webdav":
        return target_at(OffsiteKind.WEBDAV, request.getfixturevalue("dav").settings().options)
    options = {"endpoint": request.getfixturevalue("object_store"), "bucket": BUCKET, "user": USER, "style": "path"}
    if request.param == "s3":
        return target_at(OffsiteKind.S3, {**options, "region": "us-east-1"})
    return target_at(OffsiteKind.OSS, {**options, "root": "oss"})


def test_a_place_keeps_lists_gives_back_and_deletes(target: Target, tmp_path: Path) -> None:
    target.test()
    assert target.names("objects") == []
    target.write("objects/ab/abcd", b"one")
    target.write("objects/ab/abcd", b"other")
    assert (target.read("objects/ab/abcd"), target.size("objects/ab/abcd")) == (b"other", 5)
    assert target.size("objects/ab/none") is None
    with pytest.raises(TargetObjectMissing):
        target.read("objects/ab/none")
    target.write("manifests/0001", b"x")
    assert target.names("manifests") == ["0001"]
    target.delete("manifests/0001")
    target.delete("manifests/0001")
    assert target.names("manifests") == []
    source, told = tmp_path / "large", list[int]()
    source.write_bytes(bytes(range(256)) * (LARGE_BYTES // 256))
    target.send_file("backups/large", source, told.append)
    assert (target.size("backups/large"), told[-1]) == (LARGE_BYTES, LARGE_BYTES)
    target.fetch_file("backups/large", tmp_path / "back", lambda _done: None)
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_other_threads_run_while_a_place_is_slow(dav: WebDav) -> None:
    go_on = threading.Event()
    dav.gate = held_by(go_on)
    slow = target_at(OffsiteKind.WEBDAV, dav.settings().options)
    threading.Timer(0.3, go_on.set).start()  # a thread that never runs would leave it waiting for ten seconds
    slow.names("objects")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("403 Forbidden", TargetSecretWrong),
        ("401 Unauthorized", TargetSecretWrong),
        ("500 Internal Server Error", TargetFailed),
        ("507 Insufficient Storage", TargetFailed),
        ("429 Too Many Requests", TargetRefused),
    ],
)
def test_what_a_provider_answers_becomes_one_sentence(dav: WebDav, answer: str, error: type[Exception]) -> None:
    dav.gate = status(answer)
    with pytest.raises(error) as found:
        target_at(OffsiteKind.WEBDAV, dav.settings().options).test()
    sentence = str(found.value)
    assert "127.0.0.1" in sentence
    assert "\n" not in sentence
    assert SECRET not in sentence


def test_a_wrong_secret_is_said(dav: WebDav) -> None:
    with pytest.raises(TargetSecretWrong) as found:
        target_at(OffsiteKind.WEBDAV, dav.settings().options, "wrong").test()
    assert found.value.message("zh") == "写入失败：127.0.0.1 不接受用户名或密钥"


def test_a_place_that_does_not_answer_is_given_up(dav: WebDav) -> None:
    go_on = threading.Event()
    dav.gate = held_by(go_on)
    with pytest.raises(TargetSlow):
        target_at(OffsiteKind.WEBDAV, dav.settings().options, seconds=0.5).test()
    go_on.set()


def test_a_place_that_is_not_there_is_said() -> None:
    for endpoint in ("http://127.0.0.1:9", "https://no-such-host.invalid"):
        with pytest.raises(TargetUnreachable):
            target_at(OffsiteKind.WEBDAV, {"endpoint": endpoint, "user": USER}).test()


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    leaf = trustme.CA().issue_cert("127.0.0.1")
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(leaf.private_key_pem.bytes() + b"".join(one.bytes() for one in leaf.cert_chain_pems))
    asked: list[str] = []

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ["REQUEST_METHOD"])
        start_response("200 OK", [])
        return [b""]

    server = wsgi.Server(("127.0.0.1", 0), answer)
    server.ssl_adapter = BuiltinSSLAdapter(str(pem), str(pem))
    server.ssl_adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        with pytest.raises(TargetUntrusted):
            target_at(OffsiteKind.WEBDAV, {"endpoint": f"https://127.0.0.1:{server.bind_addr[1]}", "user": USER}).test()
    finally:
        server.stop()
    assert asked == []


def test_a_bucket_that_is_not_there_is_said(object_store: str) -> None:
    options = {"endpoint": object_store, "bucket": "no-such-bucket", "user": USER, "region": "us-east-1", "style": "path"}
    with pytest.raises(TargetRefused, match="NoSuchBucket"):
        target_at(OffsiteKind.S3, options).test()


def test_a_folder_that_is_not_connected_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FolderUnsuitable):
        target_at(OffsiteKind.FOLDER, {"path": str(tmp_path / "nas")})
    assert not (tmp_path / "nas").exists()


def test_webdav_refuses_what_it_would_have_to_hold_in_memory(dav: WebDav, tmp_path: Path) -> None:
    large = tmp_path / "large.qbbackup"
    with large.open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(TargetFileTooLarge):
        target_at(OffsiteKind.WEBDAV, dav.settings().options).send_file("backups/large", large, lambda _done: None)
    assert dav.puts == []


@pytest.mark.parametrize("style", ["virtual", "cname"])
def test_cos_and_the_other_styles_of_oss_are_constructed(style: str) -> None:
    options = {"endpoint": "https://cos.ap-shanghai.myqcloud.com", "bucket": "box-1250000000", "user": USER}
    assert target_at(OffsiteKind.COS, options).name == "cos.ap-shanghai.myqcloud.com"
    options["endpoint"] = "https://oss-cn-shanghai.aliyuncs.com"
    assert target_at(OffsiteKind.OSS, {**options, "style": style}).name == "oss-cn-shanghai.aliyuncs.com"
