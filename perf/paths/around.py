"""Measures what is kept of every request: trace id, counters and latency, access log line. CPU µs a request, in this
process, with the log written once for a turn of the loop as under load.
"""

import asyncio
import time
from statistics import median
from typing import Final

from app.core.clock import system_ms
from app.http.access import AccessLog
from app.http.record import Record
from perf.readings import Reading
from perf.servers.stage import Stage

REQUESTS: Final = 20_000
A_TURN: Final = 16  # requests that one turn of the loop answers at 64 connections
TRACEPARENT: Final = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def measure(stage: Stage, rounds: int, planted: bool) -> Reading:
    with (stage.folder / "access.log").open("ab", buffering=0) as file:
        record = Record(system_ms, AccessLog(file.write))
        own_us = median(asyncio.run(_round(record, 2 if planted else 1)) for _ in range(rounds))
    return Reading("around", "metrics, access log and trace of a request", own_us, own_us, unit="µs")


async def _round(record: Record, times: int) -> float:
    began_s = time.process_time()
    for _ in range(REQUESTS // A_TURN):
        for number in range(A_TURN * times):
            record.trace_id(TRACEPARENT if number % 2 else None)
            began = time.perf_counter()
            record.done("/api/v1/feed/for-you", "GET", 200, began, b"127.0.0.1", b"usr_x", b"GET / HTTP/1.1", 16_000)
        await asyncio.sleep(0)  # the loop's turn is over: the log writes
    return (time.process_time() - began_s) / REQUESTS * 1e6
