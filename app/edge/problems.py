"""Answers of the process in front itself, where nobody behind it gives one: problem documents as everywhere else."""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import msgspec

from app.edge.messages import Refused, status_line
from app.http.problems import MEDIA_TYPE, Problem
from app.http.record import SECURITY

RETRY_AFTER_S: Final = 2

AWAY: Final = Refused(503, "unavailable", "The application does not answer just now.")
BUSY: Final = Refused(503, "unavailable", "Too many requests wait just now.")
CROWDED: Final = Refused(503, "unavailable", "Too many connections are open just now.")
BROKEN: Final = Refused(502, "bad_gateway", "The application broke off before it had answered.")
SILENT: Final = Refused(504, "gateway_timeout", "The application did not answer in time.")
SLOW_HEAD: Final = Refused(408, "request_timeout", "The request came too slowly.")
SLOW_BODY: Final = Refused(408, "body_timeout", "The body came too slowly.")


class Date:
    """The `date` header, made once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._line = b""

    def line(self) -> bytes:
        """As of now, with its end."""
        second = int(time.time())
        if second != self._second:
            self._second, self._line = second, b"date: %b\r\n" % formatdate(second, usegmt=True).encode()
        return self._line


DATE: Final = Date()


def whole(refused: Refused, request_id: bytes, *, bodiless: bool = False) -> bytes:
    """The answer, which ends the connection; `bodiless` to a HEAD."""
    document = Problem(
        title=HTTPStatus(refused.status).phrase,
        status=refused.status,
        detail=refused.detail,
        code=refused.code,
        request_id=request_id.decode("ascii"),
    )
    body = msgspec.json.encode(document)
    fields = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id),
        *SECURITY,
        (b"connection", b"close"),
    ]
    if refused.status == 503:
        fields.append((b"retry-after", b"%d" % RETRY_AFTER_S))
    lines = b"".join(b"%b: %b\r\n" % field for field in fields) + DATE.line()
    return b"%b%b\r\n%b" % (status_line(refused.status), lines, b"" if bodiless else body)
