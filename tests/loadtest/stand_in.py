"""A service that answers every request of a load test, as slowly as a test wants. Nothing of the product is in it."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VIDEOS = [{"video_id": f"vid_{n}", "user": {"user_id": f"usr_{n}"}} for n in range(20)]
PAGE = {"videos": VIDEOS, "next_cursor": "more", "has_more": True, "playback_token": "token"}


class StandIn(ThreadingHTTPServer):
    """`slow` is a part of a path and how long its answers take; from `stall[0]` to `stall[1]` after the first request
    nothing is answered; `full` is with which fields every sign-in is put off."""

    daemon_threads = True

    def __init__(self, slow: tuple[str, float], stall: tuple[float, float], full: dict[str, str] | None) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.slow = slow
        self.stall = stall
        self.full = full
        self.begun_s: float | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StandIn

    def do_GET(self) -> None:
        if self.path.endswith("/users/me"):
            self._answer(200, {"username": "ada"})
        elif "/users/" in self.path:
            self._answer(200, {"user_id": self.path.rpartition("/")[2], "follower_count": 7})
        else:
            self._answer(200, PAGE)

    def do_PUT(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        claims = base64.urlsafe_b64encode(json.dumps({"sub": "usr_" + secrets.token_hex(4)}).encode()).decode()
        if self.path.endswith("/login") and self.server.full is not None:
            self._answer(429, {}, self.server.full)
        elif "/auth/" in self.path:
            self._answer(201 if "register" in self.path else 200, {"access_token": f"head.{claims}.mac"})
        elif "/upload" in self.path:
            self._answer(200, {"upload_url": f"{self.server.url}/put", "upload_headers": {}})
        elif self.path.endswith("/views"):
            self._answer(202, {"accepted": True, "playback_token": "token"})
        else:
            self._answer(201 if self.path.endswith("/comments") else 200, {})

    def _answer(self, status: int, body: dict[str, Any], fields: dict[str, str] | None = None) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        now_s = time.monotonic()
        self.server.begun_s = self.server.begun_s or now_s
        part, slow_s = self.server.slow
        from_s, to_s = self.server.stall
        at_s = now_s - self.server.begun_s
        wait_s = to_s - at_s if from_s <= at_s < to_s else slow_s if part in self.path else 0.0
        time.sleep(wait_s)  # what is planted
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@contextmanager
def standing_in(
    slow: tuple[str, float] = ("nothing", 0.0),
    stall: tuple[float, float] = (0.0, 0.0),
    full: dict[str, str] | None = None,
) -> Iterator[str]:
    """Its address; gone afterwards."""
    with StandIn(slow, stall, full) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
