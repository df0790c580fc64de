"""The guard of the network and the count of left-out tests, which every other test relies on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import OutsideNetworkError

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = "192.0.2.1"  # TEST-NET-1 (RFC 5737): nobody's address


def test_connection_to_the_outside_is_refused() -> None:
    with socket.socket() as client:
        for connect in (client.connect, client.connect_ex):
            with pytest.raises(OutsideNetworkError):
                connect((OUTSIDE, 443))
    with pytest.raises(OutsideNetworkError):
        socket.create_connection((OUTSIDE, 443), timeout=1)


def test_datagram_to_the_outside_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, pytest.raises(OutsideNetworkError):
        client.sendto(b"x", (OUTSIDE, 53))


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "10.0.0.1", "::ffff:192.0.2.1"])
def test_name_or_address_outside_is_not_looked_up(host: str) -> None:
    with pytest.raises(OutsideNetworkError):
        socket.getaddrinfo(host, 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection((host, server.getsockname()[1]), timeout=5) as client:
            accepted, _ = server.accept()
            accepted.close()
            assert client.recv(1) == b""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_left_out_tests_on_real_files_are_counted(tmp_path: Path, workers: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real_data: x\n")
    (tmp_path / "test_files.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', [1, 2, 3])\n"
        "def test_file(real_data, n): pass\n"
        "def test_other(): pytest.skip('for another reason')\n"
    )
    environment = {**os.environ, "QUANTBOX_REAL_DATA": str(tmp_path / "absent"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-n", workers, "."]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=True)
    assert "real-file tests left out: 3" in run.stdout
