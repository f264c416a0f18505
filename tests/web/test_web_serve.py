"""The command that serves: it says where, answers, and ends when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import httpx

from sitewatch.record import Workspace


def test_serve_says_its_address_answers_and_ends_with_an_interrupt(pattern: Workspace) -> None:
    command = [sys.executable, "-m", "sitewatch", "serve", str(pattern.folder), "--no-browser", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith("}"):
                break
        address = json.loads(text)["address"]
        assert httpx.get(f"{address}api/sites", timeout=60).json()["sites"][0]["id"] == "harbour"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
