"""How programs are started."""

import os
import subprocess
import sys
from pathlib import Path

import redis.asyncio

from app.core.config import load
from app.local import programs

ASKING = """
import os, threading
from app import main

main.create_app()
threading.Thread(target=lambda: print(os.sched_getscheduler(0) == os.SCHED_BATCH)).start()
"""


def test_the_apis_threads_take_turns(tmp_path: Path) -> None:
    environ = {**os.environ, "KINORA_DATA": str(tmp_path / "data"), "KINORA_CACHE": str(tmp_path / "cache")}
    answer = subprocess.run(
        [sys.executable, "-c", ASKING], env=environ, cwd=programs.ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.stdout == "True\n", answer.stderr


def test_who_serves_asks_for_huge_pages_unless_told_otherwise() -> None:
    environ = {"KINORA_EDGE_PORT": "8001"}
    settings = load(environ, "/")
    for program in (programs.api, programs.edge):
        assert program(settings, environ).env["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
        told = {**environ, "GLIBC_TUNABLES": "glibc.malloc.perturb=1"}
        assert program(settings, told).env["GLIBC_TUNABLES"] == "glibc.malloc.perturb=1"


async def test_valkey_keeps_blocks_at_hand(redis_url: str) -> None:
    async with redis.asyncio.from_url(redis_url) as client:
        found = await client.info("server")
    told = environment(found["process_id"])  # glibc takes it apart in its place
    assert {b"GLIBC_TUNABLES=glibc.malloc.tcache_count=500", b"glibc.malloc.hugetlb=1"} <= set(
        told.replace(b":", b"\0").split(b"\0")
    )


def environment(pid: int) -> bytes:
    """What a process was started with."""
    return Path(f"/proc/{pid}/environ").read_bytes()
