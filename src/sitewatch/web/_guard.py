"""What every answer and every request has to keep to: where it may come from, and what a browser may do with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sitewatch.errors import WebError

_MOST_BYTES = 2**20
_SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """Refuses requests under another name, from other pages, or too large; adds the security headers.

    A page elsewhere could have its name resolve to this machine (DNS rebinding) or send forms here: the Host must be
    one of ours, and whatever writes must come from our own page (Origin, Sec-Fetch-Site) as JSON.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], policy: str) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers().items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await JSONResponse({"error": refusal[1]}, status_code=refusal[0])(scope, receive, guarded)
            return
        await self._app(scope, _limited(receive), guarded)

    def _headers(self) -> dict[str, str]:
        return {
            "Content-Security-Policy": self._policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        if _name(headers.get("host", "")) not in self._hosts:
            return 421, "this server does not answer under that name"
        if scope["method"] in _SAFE:
            return None
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "requests that change something must come from the page of this server"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
            return 403, "requests that change something must come from the page of this server"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            return 413, f"more than {_MOST_BYTES // 2**20} MB is not taken"
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if length != "0" and kind != "application/json":
            return 415, "send JSON"
        return None


def _limited(receive: Receive) -> Receive:
    """What is sent without stating its length is cut off at the same limit."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > _MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return counted


def policy_of(basemap: str | None) -> str:
    """The content-security policy: our own files only, and pictures of the base map that was configured."""
    other = origin_of(basemap) if basemap else ""
    also = f" {other}" if other else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; worker-src 'self'; "
        f"img-src 'self' data: blob:{also}; connect-src 'self'{also}; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def origin_of(address: str) -> str:
    """Scheme and host of a base map's address.

    Raises
    ------
    WebError
        If it is no address of a base map.
    """
    parts = urlsplit(address)
    host = parts.netloc
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", host):
        raise WebError(
            f"{address!r} is no base map",
            hint="Give the address of XYZ tiles, https://host/{z}/{x}/{y}.png, or of a PMTiles file.",
        )
    if not parts.path.endswith(".pmtiles") and not all(part in address for part in ("{z}", "{x}", "{y}")):
        raise WebError(
            f"the base map {address!r} lacks {{z}}, {{x}} or {{y}}", hint="XYZ tiles: https://host/{z}/{x}/{y}.png"
        )
    return f"{parts.scheme}://{host}"


def _name(host: str) -> str:
    """A Host header without its port."""
    return re.sub(r":\d+$", "", host).lower()
