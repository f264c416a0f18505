"""Signing: tokens that expire, asked for with credentials from the environment."""

from __future__ import annotations

import netrc
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests

from sitewatch.errors import SourceError
from sitewatch.sources._http import Http, Signer, Unsigned, host_of, json_object, server_time
from sitewatch.sources._profiles import Profile

_MARGIN_S = 60.0
_ASSUMED_LIFE_S = 600.0


def signer_for(profile: Profile, http: Http, collection: str) -> Signer:
    """What signs the assets of a collection.

    Raises
    ------
    SourceError
        Credentials are needed and are not in the environment; the hint names the variables.
    """
    match profile.signing:
        case "sas":
            return _Sas(http, profile.token_url.format(collection=collection))
        case "oauth":
            return _OAuth(http, profile)
        case "bearer":
            return _Bearer(profile)
        case _:
            return Unsigned()


class _Token:
    """A token that many threads share. It ages by this machine's monotonic clock, from the life its server told.

    The time of day never enters: on a machine whose clock is wrong a fresh token would look long expired.
    """

    def __init__(self, ask: Callable[[], tuple[str, float]]) -> None:
        self._ask, self._lock = ask, threading.Lock()
        self._text, self._until = "", 0.0

    def text(self) -> str:
        with self._lock:
            if not self._text or time.monotonic() > self._until:
                self._text, life_s = self._ask()
                # One that comes expired tells of a server whose clocks disagree, not of its life.
                life_s = life_s if life_s > 0 else _ASSUMED_LIFE_S
                self._until = time.monotonic() + max(life_s - _MARGIN_S, life_s / 2)
            return self._text

    def drop(self, used: str) -> None:
        """Forget the token that a refused request was made with; another thread may have a new one already."""
        with self._lock:
            if self._text and self._text in used:
                self._text = ""


class _Sas:
    """A shared access signature appended to addresses, as the Planetary Computer gives out."""

    hint = "The signature was renewed and refused again; the catalogue may not allow this collection to be fetched."

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url
        self._token = _Token(self._asked)

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """The address with the token; one that is signed already stays."""
        if "sig=" in url:
            return url, {}
        return f"{url}{'&' if '?' in url else '?'}{self._token.text()}", {}

    def renew(self, used: str) -> bool:
        """Ask for a new token."""
        self._token.drop(used)
        return True

    def _asked(self) -> tuple[str, float]:
        content, now = self._http.ask(self._url, _with_time)
        try:
            expiry = datetime.fromisoformat(str(content["msft:expiry"]))
            return str(content["token"]), _ASSUMED_LIFE_S if now is None else (expiry - now).total_seconds()
        except (KeyError, ValueError, TypeError) as error:
            raise SourceError(f"{host_of(self._url)} gave no token for signing ({self._url})") from error


class _OAuth:
    """Name and password exchanged for a token, as the Copernicus Data Space asks for."""

    def __init__(self, http: Http, profile: Profile) -> None:
        name, password = (os.environ.get(variable, "") for variable in profile.environment)
        variables = " and ".join(profile.environment)
        self.hint = f"Check {variables}, and that the account may download."
        if not (name and password):
            raise SourceError(
                f"{profile.title or profile.name} asks for an account", hint=f"Set {variables} in the environment."
            )
        form = {"client_id": profile.client, "grant_type": "password", "username": name, "password": password}
        self._token = _Token(lambda: self._asked(http, profile.token_url, form))

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """The address, and the token as a header: headers don't follow a redirect to another server."""
        return url, {"Authorization": f"Bearer {self._token.text()}"}

    def renew(self, used: str) -> bool:
        """Ask for a new token."""
        self._token.drop(used)
        return True

    def _asked(self, http: Http, url: str, form: dict[str, str]) -> tuple[str, float]:
        try:
            content = http.json(url, data=form)
            return str(content["access_token"]), float(content.get("expires_in", _ASSUMED_LIFE_S))
        except SourceError as error:
            raise SourceError(error.message, hint=self.hint) from error
        except (KeyError, ValueError) as error:
            raise SourceError(f"{host_of(url)} gave no token", hint=self.hint) from error


class _Bearer:
    """A token of the user's own, or (as Earthdata allows) an entry in ``~/.netrc`` that requests finds by itself."""

    def __init__(self, profile: Profile) -> None:
        variable = profile.environment[0]
        self._token = os.environ.get(variable, "")
        self.hint = f"The token in {variable} may have expired." if self._token else f"Set {variable}."
        if not self._token and not _in_netrc(profile.netrc):
            instead = f", or give {profile.netrc} an entry in ~/.netrc" if profile.netrc else ""
            raise SourceError(
                f"{profile.title or profile.name} asks for an account",
                hint=f"Set {variable} in the environment{instead}.",
            )

    def sign(self, url: str) -> tuple[str, dict[str, str]]:
        """The address, and the token as a header."""
        return url, {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def renew(self, used: str) -> bool:
        """The user alone has another."""
        return False


def _in_netrc(machine: str) -> bool:
    try:
        return bool(machine) and netrc.netrc().authenticators(machine) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _with_time(answer: requests.Response) -> tuple[dict[str, Any], datetime | None]:
    """JSON, and what time it is where it came from."""
    return json_object(answer), server_time(answer)
