"""Requests to catalogues: patient where that helps, and plain about it where it does not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.utils
import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import requests

from sitewatch.errors import SourceError
from sitewatch.scenes._raster import is_remote

T = TypeVar("T")
Headers = Mapping[str, str]

_PASSING = (408, 425, 429, 500, 502, 503, 504)
_UNSIGNED = (401, 403)
_RENEWALS = 2
_AGAIN = "Give the same command again later: what is there is kept."


@dataclasses.dataclass(frozen=True)
class Patience:
    """How often and how long a catalogue is waited for.

    Attributes
    ----------
    tries
        Requests for one thing, the first included.
    first_wait_s
        Before the second; it doubles from try to try, and a random share of it is waited.
    longest_wait_s
        A catalogue that asks for more than this (Retry-After) is not waited for.
    timeout_s
        Without an answer or a further byte.
    """

    tries: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0
    timeout_s: float = 60.0


class Signer(Protocol):
    """Makes requests to assets acceptable to their server."""

    hint: str

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """The address and headers to ask with."""

    def renew(self, used: str) -> bool:
        """Take note that what was signed (address and headers, as text) was refused; False where that is final."""


class Unsigned:
    """For servers that ask for nothing."""

    hint = "The catalogue may ask for credentials that sitewatch does not know of."

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """The address as it is."""
        return url, {}

    def renew(self, used: str) -> bool:
        """Nothing can be done."""
        return False


class Again(Exception):
    """What was answered may be better next time."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Http:
    """Asks for things of servers; one session a thread."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._sessions = threading.local()

    def ask(
        self,
        url: str,
        take: Callable[[requests.Response], T],
        *,
        signer: Signer | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Callable[[], Headers] = dict,
        data: Mapping[str, str] | None = None,
    ) -> T:
        """Ask for an address and give what `take` makes of the answer.

        `take` may raise `Again`; `headers` is asked anew at every try, so that a download resumes where it is.

        Raises
        ------
        SourceError
            It was refused, is missing, or did not come within the patience.
        """
        signer = signer or Unsigned()
        renewals, reason = 0, ""
        for tried in range(1, self.patience.tries + 1):
            try:
                signed, extra = signer.sign(url)
                method = "GET" if data is None else "POST"
                with self._session().request(
                    method,
                    signed,
                    params=dict(params) if params else None,
                    data=data,
                    headers={**headers(), **extra},
                    stream=True,
                    timeout=self.patience.timeout_s,
                ) as answer:
                    refused = answer.status_code in _UNSIGNED
                    if refused and renewals < _RENEWALS and signer.renew(f"{signed} {extra}"):
                        renewals += 1
                        continue
                    self._refuse(answer, url, signer)
                    return take(answer)
            except Again as again:
                reason, wait_s = str(again), again.wait_s
            except requests.TooManyRedirects as error:
                raise SourceError(f"{host_of(url)} redirects without end ({url})") from error
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
                raise SourceError(f"{url} is not an address that can be asked for") from error
            except requests.exceptions.SSLError as error:
                raise SourceError(f"{host_of(url)} has no certificate that can be trusted ({error})") from error
            except requests.RequestException as error:
                reason, wait_s = _in_words(error), None
            if tried < self.patience.tries:
                time.sleep(self._wait(tried, wait_s, url, reason))
        raise SourceError(f"{host_of(url)} {reason}, {self.patience.tries} times over ({url})", hint=_AGAIN)

    def json(
        self, url: str, *, params: Mapping[str, Any] | None = None, data: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A JSON object, from the network or from disk.

        Raises
        ------
        SourceError
            It is not there, or is something else.
        """
        if not is_remote(url):
            return _from_disk(url)

        return self.ask(url, json_object, params=params, data=data)

    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
            self._sessions.session.headers["User-Agent"] = "sitewatch"
        session: requests.Session = self._sessions.session
        return session

    def _wait(self, tried: int, asked_s: float | None, url: str, reason: str) -> float:
        if asked_s is not None and asked_s > self.patience.longest_wait_s:
            raise SourceError(f"{host_of(url)} {reason} and asks to come back in {asked_s:.0f} s", hint=_AGAIN)
        backoff_s = self.patience.first_wait_s * 2 ** (tried - 1)
        # All threads were refused together; they must not come back together.
        return max(asked_s or 0.0, min(backoff_s, self.patience.longest_wait_s) * random.uniform(0.5, 1.0))

    @staticmethod
    def _refuse(answer: requests.Response, url: str, signer: Signer) -> None:
        """Raise for what is no answer to the question."""
        host, status = host_of(url), answer.status_code
        if any(step.url.startswith("https:") for step in answer.history) and answer.url.startswith("http:"):
            raise SourceError(f"{host} redirects to an address without encryption ({answer.url})")
        if status in _PASSING:
            raise Again(f"answered {status} ({answer.reason})", _retry_after_s(answer))
        if status in _UNSIGNED:
            raise SourceError(f"{host} refuses {name_in(url)} ({status} {answer.reason})", hint=signer.hint)
        if status in (404, 410):
            raise SourceError(f"{host} has no {name_in(url)} ({status} {answer.reason})", hint=f"The address is {url}.")
        if status >= 400 and status != 416:
            raise SourceError(f"{host} answered {status} ({answer.reason}) to {url}{_said(answer)}")


def host_of(url: str) -> str:
    """The server's name, which starts every message about it."""
    return urlsplit(url).netloc or url


def name_in(url: str) -> str:
    """Last part of an address, without what signs it."""
    return urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1] or url


def json_object(answer: requests.Response) -> dict[str, Any]:
    """A JSON object; raises `Again` where something else came."""
    try:
        content = json.loads(answer.content)
    except ValueError as error:
        raise Again(_no_json(answer.content, answer)) from error
    if not isinstance(content, dict):
        raise Again("answered with JSON that is no object")
    return content


def server_time(answer: requests.Response) -> dt.datetime | None:
    """What time it is where an answer came from (this machine's clock may be wrong); None where it is not told."""
    return _http_date(answer.headers.get("Date", ""))


def refuse_web_page(answer: requests.Response) -> None:
    """Raise `Again` where a web page (a login, a maintenance notice) came in place of a file."""
    if "html" in answer.headers.get("Content-Type", "").lower():
        raise Again(_no_json(next(answer.iter_content(4096), b""), answer))


def _no_json(body: bytes, answer: requests.Response) -> str:
    title = re.search(rb"<title[^>]*>([^<]{1,120})", body, re.IGNORECASE)
    if title or body.lstrip()[:1] == b"<":
        named = f" ({title[1].decode(errors='replace').strip()})" if title else ""
        moved = f", redirected to {host_of(answer.url)}" if answer.history else ""
        return f"answered with a web page{named}{moved}"
    return "answered with something that is not JSON"


def _said(answer: requests.Response) -> str:
    text = " ".join(answer.content[:300].decode(errors="replace").split())
    return f": {text}" if text and not text.startswith("<") else ""


def _retry_after_s(answer: requests.Response) -> float | None:
    told = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", told):
        return float(told)
    until, now = _http_date(told), server_time(answer)
    return None if until is None or now is None else max((until - now).total_seconds(), 0.0)


def _http_date(text: str) -> dt.datetime | None:
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    # "-0000" says UTC without a zone.
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _in_words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "cut its answer off"
    if isinstance(error, requests.ConnectionError):
        return "can't be reached"
    return f"can't be asked ({error})"


def _from_disk(path: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path.removeprefix("file://")).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SourceError(f"{path} can't be read ({error.strerror})") from error
    except ValueError as error:
        raise SourceError(f"{path} is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise SourceError(f"{path} is JSON but not STAC")
    return content
