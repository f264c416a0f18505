"""Alerts by webhook: a signed POST, by the specification Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sitewatch.errors import DeliveryError, RefusedError, WatchError
from sitewatch.watch._message import Message
from sitewatch.watch._rules import Webhook

if TYPE_CHECKING:
    from requests import PreparedRequest

_PREFIX = "whsec_"
# Answers that say "not now" rather than "not this".
_LATER = (401, 403, 404, 407, 408, 421, 423, 425, 429)


@dataclasses.dataclass(frozen=True)
class WebhookChannel:
    """One address; see `Channel`."""

    rules: Webhook

    @property
    def name(self) -> str:
        return self.rules.name

    @property
    def targets(self) -> tuple[str, ...]:
        # The whole address may hold a token; the record needs the host alone.
        return (urlsplit(self.rules.url).netloc.rpartition("@")[2],)

    def send(self, message: Message, target: str) -> str:
        body = json.dumps(message.as_json(), ensure_ascii=False, allow_nan=False).encode()
        headers = signed_headers(message.id, int(time.time()), body, secret_of(self.rules))
        status = _within(self.rules.timeout_s, lambda: _post(self.rules.url, body, headers, self.rules.timeout_s))
        if 200 <= status < 300:
            return f"HTTP {status}"
        if 400 <= status < 500 and status not in _LATER:
            raise RefusedError(f"{target} answered HTTP {status}")
        more = " (redirects are not followed)" if 300 <= status < 400 else ""
        raise DeliveryError(f"{target} answered HTTP {status}{more}")


def secret_of(rules: Webhook) -> bytes:
    """The secret that signs, from the environment: ``whsec_`` and base64, or any other text as it is.

    Raises
    ------
    WatchError
        If it is not set.
    """
    text = os.environ.get(rules.secret_env, "").strip()
    if not text:
        raise WatchError(
            f"the webhook {rules.name!r} has no secret: {rules.secret_env} is not set",
            hint=f"Set {rules.secret_env} in the environment of the watch, and give the receiver the same.",
        )
    if not text.startswith(_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise WatchError(f"{rules.secret_env} begins with {_PREFIX} and is not base64") from error


def signed_headers(message_id: str, timestamp: int, body: bytes, secret: bytes) -> Mapping[str, str]:
    """Headers of a request: who it is, when it was signed, and the HMAC-SHA256 of both with the body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "sitewatch",
        "Idempotency-Key": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> int:
    import requests

    try:
        # The status alone counts: `stream` leaves whatever else the receiver says unread.
        with requests.post(
            url, data=body, headers=dict(headers), timeout=timeout_s, allow_redirects=False, stream=True, auth=_nobody
        ) as answer:
            return int(answer.status_code)
    except requests.RequestException as error:
        raise DeliveryError(f"{urlsplit(url).hostname} can't be reached ({_reason(error)})") from error


def _nobody(request: PreparedRequest) -> PreparedRequest:
    """Credentials for a request: none. Left to itself, requests would take some from ~/.netrc."""
    return request


def _reason(error: BaseException) -> str:
    """The innermost reason, without the address, which may hold a token."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or 'no answer'}"


def _within(seconds: float, call: Callable[[], int]) -> int:
    """Call with a limit on all of it: a socket's timeout starts anew with each byte that a slow receiver sends."""
    answers: queue.SimpleQueue[int | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(call())
        except BaseException as error:
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise DeliveryError(f"no answer within {seconds:g} s") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer
