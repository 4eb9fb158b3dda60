"""Uploads and downloads through the real server: large files pass through it and never live in it."""

import hashlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.adapters.files.blobs import FileBlobs
from app.core import ids
from app.core.clock import HOUR_MS, system_ms

SECRET = b"s" * 32
MIB = 2**20
SIZE = 300 * MIB
GROWTH = 60 * MIB

APP = """
from pathlib import Path
from app.adapters.files.blobs import FileBlobs
from app.adapters.files.origin import Origin
from app.adapters.files.put_door import PutDoor
from app.ports.blobs import MediaAccess

root = Path(__file__).parent / "blobs"

async def public(video_id):
    return MediaAccess("a1.0", public=True, live=True)

async def arrived(key):
    return None

door, origin = PutDoor(FileBlobs(root, b"s" * 32), arrived, window_s=1.0), Origin(root, public, b"s" * 32)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await (door if scope["path"].startswith("/upload/") else origin)(scope, receive, send)
"""


class Server:
    """A granian process of its own, with the worker's process id for its memory."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.port = folder, port
        self._main = process.pid

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def peak_bytes(self) -> int:
        """The most the worker ever held."""
        workers = Path(f"/proc/{self._main}/task/{self._main}/children").read_text().split()
        lines = "".join(Path(f"/proc/{worker}/status").read_text() for worker in workers).splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    (folder / "served.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--no-ws", "--loop", "uvloop", "--workers-kill-timeout", "5", "--working-dir", str(folder)]
    environment = {"PYTHONPATH": f"{Path(__file__).parents[2]}:{folder}", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen([*command, "served:app"], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            server = Server(folder, port, process)
            _wait_until_it_answers(server, process)
            yield server
        finally:
            process.terminate()


def _wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with closing(server.connect()) as connection:
            try:
                connection.request("GET", "/media/x")
            except ConnectionRefusedError:
                time.sleep(0.05)  # between two looks
            else:
                assert connection.getresponse().status == 404
                return
    pytest.fail("the server did not start")


def signed_put(folder: Path, video_id: str, size_bytes: int) -> str:
    blobs = FileBlobs(folder / "signer", SECRET)
    blobs.close()
    return blobs.sign_put(f"uploads/{video_id}", size_bytes, "video/mp4", system_ms() + HOUR_MS).url


@pytest.mark.long
def test_three_hundred_megabytes_pass_through_without_living_in_memory(tmp_path: Path) -> None:
    video_id, block = ids.new("vid"), hashlib.sha256(b"block").digest() * (MIB // 32)

    with serving(tmp_path) as server:
        before = server.peak_bytes()
        with closing(server.connect()) as upload:
            url = signed_put(tmp_path, video_id, SIZE)
            upload.request("PUT", url, body=(block for _ in range(300)), headers={"content-length": str(SIZE)})
            stored = upload.getresponse()
            assert stored.status == 200, stored.read()
        assert server.peak_bytes() - before < GROWTH

        video = tmp_path / "blobs" / "media" / video_id / "a1"
        video.mkdir(parents=True)
        (tmp_path / "blobs" / "uploads" / video_id).rename(video / "download.mp4")
        path = f"/media/{video_id}/a1.0/download.mp4"
        assert _downloaded(server, path, {}) == (200, _digest(block, 300))
        assert _downloaded(server, path, {"range": f"bytes={MIB}-"}) == (206, _digest(block, 299))
        assert server.peak_bytes() - before < GROWTH


def _downloaded(server: Server, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    received = hashlib.md5()
    with closing(server.connect()) as download:
        download.request("GET", path, headers=headers)
        answer = download.getresponse()
        while chunk := answer.read(MIB):
            received.update(chunk)
        return answer.status, received.digest()


def _digest(block: bytes, times: int) -> bytes:
    expected = hashlib.md5()
    for _ in range(times):
        expected.update(block)
    return expected.digest()


def test_a_refused_body_and_a_silent_one_end_their_connections(tmp_path: Path) -> None:
    video_id = ids.new("vid")
    url = signed_put(tmp_path, video_id, 100 * MIB)

    with serving(tmp_path) as server:
        refused = _answer_to(server, url.replace("signature=", "signature=x"), b"")
        silent = _answer_to(server, url, b"only this")

    assert refused.startswith(b"HTTP/1.1 403 ")
    assert silent.startswith(b"HTTP/1.1 408 ")
    assert not (tmp_path / "blobs" / "uploads").exists()


def _answer_to(server: Server, url: str, body: bytes) -> bytes:
    """What the server says to the head of a request and some of its body, until it closes the connection."""
    head = f"PUT {url} HTTP/1.1\r\nHost: x\r\nContent-Length: {100 * MIB}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head + body)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    return answer


def test_a_client_that_leaves_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    video_id = ids.new("vid")
    url = signed_put(tmp_path, video_id, 100 * MIB)
    unfinished = tmp_path / "blobs" / ".tmp"

    with serving(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            head = f"PUT {url} HTTP/1.1\r\nHost: x\r\nContent-Length: {100 * MIB}\r\n\r\n"
            connection.sendall(head.encode() + bytes(3 * MIB))
            _wait_until(lambda: any(unfinished.iterdir()))
        _wait_until(lambda: not any(unfinished.iterdir()))

    assert not (tmp_path / "blobs" / "uploads").exists()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)  # between two looks
