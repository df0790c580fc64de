"""Other places for real: moto as S3 and OSS, a WebDAV server, a folder; and each failure in one sentence.

COS has no addresses with the bucket in the path and is only constructed here.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import trustme
from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter
from moto.server import ThreadedMotoServer

from quantbox.backup.offsite.errors import (
    FolderUnsuitable,
    ObjectDamaged,
    TargetFailed,
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

#: Two pieces, of which an object store wants the first to have 5 MiB at least.
LARGE_BYTES = 9 << 20


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
    assert (target.read("objects/ab/abcd", 5), target.size("objects/ab/abcd")) == (b"other", 5)
    assert target.size("objects/ab/none") is None
    with pytest.raises(TargetObjectMissing):
        target.read("objects/ab/none", 5)
    with pytest.raises(ObjectDamaged):
        target.read("objects/ab/abcd", 4)
    target.write("manifests/0001", b"x")
    assert target.names("manifests") == ["0001"]
    target.delete("manifests/0001")
    target.delete("manifests/0001")
    assert target.names("manifests") == []
    source, told = tmp_path / "large", list[int]()
    source.write_bytes(bytes(range(256)) * (LARGE_BYTES // 256))
    target.send_file("backups/large", source, told.append)
    assert (target.size("backups/large"), told[-1]) == (LARGE_BYTES, LARGE_BYTES)
    assert (
        target.fetch_file("backups/large", tmp_path / "back", LARGE_BYTES, told.append) == sha256(source.read_bytes()).hexdigest()
    )
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    with pytest.raises(ObjectDamaged):
        target.fetch_file("backups/large", tmp_path / "cut", LARGE_BYTES - 1, told.append)


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
    no_host = f"{'x' * 64}.invalid"  # too long for any: nobody's name server is asked
    for endpoint, cause in (("http://127.0.0.1:9", "TCP"), (f"http://{no_host}", "DNS"), (f"https://{no_host}", "DNS")):
        with pytest.raises(TargetUnreachable, match=cause):
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


def test_webdav_takes_a_large_file_in_parts_the_first_of_which_says_that_all_are_there(
    dav: WebDav, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quantbox.backup.offsite.target._PART_BYTES", 1000)
    target, large, told = target_at(OffsiteKind.WEBDAV, dav.settings().options), tmp_path / "large", list[int]()
    large.write_bytes(bytes(range(250)) * 10)
    failing = [".001"]
    dav.gate = lambda environ, start: (
        status("503 Busy")(environ, start)
        if environ["REQUEST_METHOD"] == "PUT" and failing and environ["PATH_INFO"].endswith(failing[0])
        else None
    )
    with pytest.raises(TargetFailed):
        target.send_file("backups/large", large, told.append)
    assert (target.names("backups"), target.size("backups/large"), told) == ([], None, [500, 1500])
    failing.clear()
    dav.puts.clear()
    target.send_file("backups/large", large, told.append)
    assert [path.rsplit("/", 1)[1] for path in dav.puts] == ["large.001"], "the parts that lay there are not sent again"
    assert (target.names("backups"), target.size("backups/large"), told[-1]) == (["large"], 2500, 2500)
    target.fetch_file("backups/large", tmp_path / "back", 2500, told.append)
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    with pytest.raises(ObjectDamaged):
        target.fetch_file("backups/large", tmp_path / "cut", 2499, told.append)
    whole = b"".join(dav.files()[f"backup/quantbox-0123/backups/large.{number:03}"] for number in (1, 2, 3))
    assert whole == large.read_bytes(), "as archivers join them"
    target.write("backups/large.txt", b"x")
    target.delete("backups/large")
    assert list(dav.files()) == ["backup/quantbox-0123/backups/large.txt"]


def test_more_than_there_may_be_is_not_taken(dav: WebDav, tmp_path: Path) -> None:
    target, sent = target_at(OffsiteKind.WEBDAV, dav.settings().options), list[int]()
    target.write("objects/one", b"one")

    def flood(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "GET":
            return None
        start_response("200 OK", [("Content-Length", str(256 << 20))])
        return (sent.append(1 << 20) or bytes(1 << 20) for _ in range(256))

    dav.gate = flood
    with pytest.raises(ObjectDamaged):
        target.read("objects/one", 3)
    with pytest.raises(ObjectDamaged):
        target.fetch_file("objects/one", tmp_path / "one", 3, lambda _done: None)
    assert not (tmp_path / "one").read_bytes()
    assert sum(sent) < 64 << 20, "what was on its way, and no more"


@pytest.mark.parametrize("style", ["virtual", "cname"])
def test_cos_and_the_other_styles_of_oss_are_constructed(style: str) -> None:
    options = {"endpoint": "https://cos.ap-shanghai.myqcloud.com", "bucket": "box-1250000000", "user": USER}
    assert target_at(OffsiteKind.COS, options).name == "cos.ap-shanghai.myqcloud.com"
    options["endpoint"] = "https://oss-cn-shanghai.aliyuncs.com"
    assert target_at(OffsiteKind.OSS, {**options, "style": style}).name == "oss-cn-shanghai.aliyuncs.com"
