"""One update at a time: who is at work is named, and who died at work keeps nobody out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sitewatch.errors import BusyError
from sitewatch.record import at_work, update_lock

HOLD = """
import sys, time
from pathlib import Path
from sitewatch.record import update_lock

with update_lock(Path(sys.argv[1])):
    print("holding", flush=True)
    time.sleep(600)
"""


def test_the_holder_is_named_while_at_work_and_gone_afterwards(tmp_path: Path) -> None:
    assert at_work(tmp_path) is None
    with update_lock(tmp_path) as before:
        assert before is None
        holder = at_work(tmp_path)
        assert holder is not None
        assert (holder.pid, holder.host) == (os.getpid(), socket.gethostname())
    assert at_work(tmp_path) is None
    with update_lock(tmp_path) as before:
        assert before is None


def test_a_second_is_told_who_is_at_work_or_waits(tmp_path: Path) -> None:
    told: list[str] = []
    begun = threading.Event()

    def work() -> None:
        with update_lock(tmp_path):
            begun.set()
            time.sleep(0.8)

    def take(patience_s: float) -> None:
        with update_lock(tmp_path, patience_s=patience_s, told=told.append):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    with pytest.raises(BusyError, match=f"process {os.getpid()} on {socket.gethostname()}"):
        take(0.0)
    take(60.0)
    thread.join()
    assert all(f"process {os.getpid()}" in text for text in told)
    assert len(told) == 2


def test_one_who_was_killed_is_named_and_keeps_nobody_out(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        holder = at_work(tmp_path)
        assert holder is not None
        assert holder.pid == process.pid
        process.kill()
    assert at_work(tmp_path) is None
    with update_lock(tmp_path) as before:
        assert before is not None
        assert before.pid == process.pid
