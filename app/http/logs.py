"""What a process writes about itself, with what must not be read masked.

The application log is JSON lines on standard error, one an event; the access log is `app.http.access`.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import msgspec
import structlog

_MASKED_KEYS: Final = frozenset(
    {"password", "access_token", "refresh_token", "authorization", "cookie", "email", "secret"}
)
_EMAIL: Final = re.compile(r"[^\s@\"'<>]{1,64}@[^\s@\"'<>]{1,255}\.[a-zA-Z]{2,24}")
_TOKEN: Final = re.compile(r"\b(?:eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|kr_[\w-]{20,})")
_SIGNATURE: Final = re.compile(r"(?<=/media/~)[\w.-]+|(?<=[?&]signature=)[\w-]+")
_LONGEST: Final = 8192


def mask(text: str) -> str:
    """Text without addresses, tokens and signatures; cut to a length that a log line may have."""
    text = _TOKEN.sub("[token]", text[:_LONGEST])
    text = _SIGNATURE.sub("[signature]", text)
    return _EMAIL.sub("[email]", text)


def configure(level: str) -> None:
    """Sends structlog and the standard library's loggers through one JSON renderer."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("asyncio", "granian", "redis"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key.lower() in _MASKED_KEYS:
            event[key] = "[masked]"
        elif isinstance(value, str):
            event[key] = mask(value)
    return event


def _render(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    # msgspec escapes control characters; the two that JSON allows raw but line readers split at are escaped here.
    line = msgspec.json.encode(dict(event), enc_hook=str).decode()
    return line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
