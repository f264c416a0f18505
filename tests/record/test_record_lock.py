"""One update at a time: who is at work is named, and who died at work keeps nobody out."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from sitewatch.errors import BusyError
from sitewatch.record import at_work, update_lock


def hold_and_be_killed(folder: Path) -> int:
    """Take the lock in a process of its own, which then dies of SIGKILL; its number."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with update_lock(folder):
            os.write(writer, b"x")
            time.sleep(60)
        os._exit(0)
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    return pid


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
    pid = hold_and_be_killed(tmp_path)
    holder = at_work(tmp_path)
    assert holder is not None
    assert holder.pid == pid
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert at_work(tmp_path) is None
    with update_lock(tmp_path) as before:
        assert before is not None
        assert before.pid == pid
