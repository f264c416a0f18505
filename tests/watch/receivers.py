"""Receivers on loopback: an HTTP server that misbehaves as it is told, and a real SMTP server."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import threading
import time
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sitewatch.watch._rules import Webhook


@dataclasses.dataclass(frozen=True)
class Request:
    """What was posted."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return list(json.loads(self.body)["data"]["alerts"])


class Desk(ThreadingHTTPServer):
    """Keeps all that is posted; `moods` says how it answers, one a request, and well when there are no more.

    A number is a status; ``hang`` answers never, ``drip`` byte by byte, ``close`` hangs up, ``moved`` redirects, and
    ``kill`` kills the one who asks, having taken what it said.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.moods: list[int | str] = []
        self.requests: list[Request] = []
        self.victim: int | None = None
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/alerts?token=secret"

    def rules(self, name: str = "desk", timeout_s: float = 10.0) -> Webhook:
        return Webhook(name=name, url=self.url, secret_env="DESK_SECRET", timeout_s=timeout_s)

    def stop(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed hang up; that is what the tests want."""


class _Handler(BaseHTTPRequestHandler):
    server: Desk

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(Request({k.lower(): v for k, v in self.headers.items()}, body))
        mood = self.server.moods.pop(0) if self.server.moods else 200
        if mood == "kill":
            wait_for(lambda: self.server.victim is not None)
            os.kill(self.server.victim or 0, signal.SIGKILL)
        elif mood == "hang":
            self.server.over.wait(30)
        elif mood == "drip":
            for byte in b"HTTP/1.1 200 OK and so on and so forth":
                self.wfile.write(bytes([byte]))
                if self.server.over.wait(0.2):
                    return
        elif mood == "close":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif mood == "moved":
            self.send_response(302)
            self.send_header("Location", self.server.url + "&moved=1")
            self.end_headers()
        else:
            self.send_response(int(mood))
            self.send_header("Content-Length", "0")
            self.end_headers()


class Post:
    """A real SMTP server that keeps what it takes; `answers` are given in turn to mails, 250 when there are no more."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answers: list[str] = []
        self.refuses: set[str] = set()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        self._runs = True

    def stop(self) -> None:
        if self._runs:
            self._controller.stop()
        self._runs = False

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such receiver"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content or b""))
        return answer


def wait_for(what: Any, seconds: float = 30.0) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)
