"""How often a dying program is started again."""

import sys
from pathlib import Path

import pytest

from app.local.errors import LocalError
from app.local.identity import current
from app.local.kept import Kept
from app.local.logfile import LogFile
from app.local.program import Program, wait_until


def dying(tmp_path: Path) -> Kept:
    argv = (sys.executable, "-c", "raise SystemExit('no hands')")
    program = Program(name="worker", argv=argv, env={}, cwd=tmp_path, identity=current())
    return Kept(program, LogFile(tmp_path, "worker"))


def test_the_fifth_death_in_a_minute_is_the_last(tmp_path: Path) -> None:
    kept, said = dying(tmp_path), list[str]()

    def hopeless() -> bool:
        try:
            kept.tend(said.append, grounded=True)
        except LocalError as error:
            said.append(str(error))
            return True
        return False

    assert wait_until(hopeless, 60)
    *restarts, last = said
    assert [line for line in restarts if "ended" in line] == ["worker ended (exit code 1); starting it again."] * 4
    assert last == (
        f"worker ended 5 times within 60 s (last: exit code 1); its log {tmp_path}/worker.log ends with:\n"
        + "\n".join(["no hands"] * 5)
    )


def test_a_death_while_what_it_stands_on_is_down_does_not_count(tmp_path: Path) -> None:
    kept, said = dying(tmp_path), list[str]()
    for _ in range(10):
        assert wait_until(lambda: not kept.child.alive(), 60)
        kept.tend(said.append, grounded=False)  # notices the death
        pid = kept.child.pid
        kept.tend(said.append, grounded=False)  # nothing to start on
        assert kept.child.pid == pid

        def restarted(pid: int = pid) -> bool:
            kept.tend(said.append, grounded=True)
            return kept.child.pid != pid

        assert wait_until(restarted, 60)
    kept.child.stop()
    assert said.count("worker ended (exit code 1); starting it again.") == 10


def test_a_long_log_is_cut_and_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.local.logfile.MAX_BYTES", 10)
    log = LogFile(tmp_path, "worker")
    with log.open() as writer:
        writer.write(b"before the cut\n")
        writer.flush()
        log.cut()
        writer.write(b"after\n")
    assert (tmp_path / "worker.log.1").read_bytes() == b"before the cut\n"
    assert (tmp_path / "worker.log").read_bytes() == b"after\n"
    assert log.tail(5) == "after"
