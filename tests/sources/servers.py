"""Servers on loopback: a real STAC API, and files with range requests that misbehave when they are told to."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.utils
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclasses.dataclass
class Fault:
    """What goes wrong, and how often."""

    kind: str
    times: int = 1
    path: str = ""
    value: str = ""


class Files(ThreadingHTTPServer):
    """A folder over HTTP."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.faults, self.asked = folder, list[Fault](), list[tuple[str, str]]()
        self.lock, self.tokens, self.dawdle_s = threading.Lock(), list[str](), 0.0
        self.bytes_sent = 0
        self.gate = threading.Event()
        self.clock_ahead = dt.timedelta()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def misbehave(self, kind: str, times: int = 1, path: str = "", value: str = "") -> None:
        self.faults.append(Fault(kind, times, path, value))

    def fault_for(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.path in path:
                    fault.times -= 1
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed hang up; that is what the tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Files

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return http_date(self.server.clock_ahead.total_seconds())

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        form = parse_qs(self.rfile.read(length).decode())
        if form.get("password") != ["secret"]:
            self._plain(401, b'{"error": "invalid_grant"}', "application/json")
            return
        self.server.tokens.append(f"token-{len(self.server.tokens)}")
        self._json({"access_token": self.server.tokens[-1], "expires_in": 600})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        with self.server.lock:
            self.server.asked.append((parts.path, self.headers.get("Range", "")))
        if parts.path.startswith("/token/"):
            self.server.tokens.append(f"sig=token-{len(self.server.tokens)}")
            expiry = dt.datetime.now(dt.UTC) + self.server.clock_ahead + dt.timedelta(hours=1)
            self._json({"msft:expiry": expiry.isoformat(), "token": self.server.tokens[-1]})
            return
        if parts.path.startswith("/signed/") and parts.query != (self.server.tokens or ["none"])[-1]:
            self._plain(403, b"<Error><Code>AuthenticationFailed</Code></Error>", "application/xml")
            return
        known = f"Bearer {(self.server.tokens or ['none'])[-1]}"
        if parts.path.startswith("/account/") and self.headers.get("Authorization") != known:
            self._plain(401, b"who are you", "text/plain")
            return
        fault = self.server.fault_for(parts.path)
        if fault is not None and self._misbehaved(fault, parts.path):
            return
        path = self.server.folder / re.sub(r"^/(signed|account)/", "", parts.path).lstrip("/")
        if not path.is_file():
            self._plain(404, b"no such file", "text/plain")
            return
        self._file(path, cut=fault is not None and fault.kind == "cut")

    def _misbehaved(self, fault: Fault, path: str) -> bool:
        if fault.kind == "status":
            self._plain(int(fault.value), b"", "text/plain")
        elif fault.kind == "busy":
            self._plain(429, b"", "text/plain", {"Retry-After": fault.value})
        elif fault.kind == "html":
            self._plain(200, b"<html><title>Down for maintenance</title></html>", "text/html")
        elif fault.kind == "redirect":
            self._plain(302, b"", "text/plain", {"Location": fault.value or path})
        elif fault.kind == "wait":
            self.server.gate.wait(60)
            return False
        elif fault.kind == "expire":
            self.server.tokens.append("sig=none-knows")
            self._plain(403, b"Signature expired", "text/plain")
        else:
            return False
        return True

    def _file(self, path: Path, cut: bool) -> None:
        body = path.read_bytes()
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found and self.headers.get("If-Range", etag) == etag:
            start, end = int(found[1]), min(int(found[2] or len(body) - 1), len(body) - 1)
            if start >= len(body):
                self._plain(416, b"", "text/plain")
                return
            part, status = body[start : end + 1], 206
        else:
            start, end, part, status = 0, len(body) - 1, body, 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", etag)
        kinds = {".json": "application/json", ".tif": "image/tiff"}
        self.send_header("Content-Type", kinds.get(path.suffix, "application/octet-stream"))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(body)}")
        self.end_headers()
        part = part[: len(part) // 2] if cut else part
        for at in range(0, len(part), 16384):
            time.sleep(self.server.dawdle_s)
            self.wfile.write(part[at : at + 16384])
        with self.server.lock:
            self.server.bytes_sent += len(part)
        if cut:
            self.close_connection = True

    def _json(self, content: dict[str, Any]) -> None:
        self._plain(200, json.dumps(content).encode(), "application/json")

    def _plain(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def http_date(seconds_from_now: float) -> str:
    """A time as HTTP writes it."""
    return email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds_from_now), usegmt=True)


def serve(folder: Path) -> Iterator[Files]:
    """Run a file server until the generator is closed."""
    server = Files(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve_api(items: Callable[[], list[dict[str, Any]]]) -> Iterator[str]:
    """Run a STAC API (stac-fastapi) over items in memory until the generator is closed; gives its address."""
    import uvicorn

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(_api(items).app, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _api(items: Callable[[], list[dict[str, Any]]]) -> Any:
    from stac_fastapi.api.app import StacApi
    from stac_fastapi.api.models import create_get_request_model, create_post_request_model
    from stac_fastapi.extensions import OffsetPaginationExtension
    from stac_fastapi.types.config import ApiSettings
    from stac_fastapi.types.core import BaseCoreClient

    class Memory(BaseCoreClient):
        def _collection(self, name: str) -> dict[str, Any]:
            extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
            head = {"type": "Collection", "stac_version": "1.0.0", "id": name, "description": name}
            return {**head, "license": "other", "extent": extent, "links": []}

        def all_collections(self, **_: Any) -> Any:
            names = sorted({str(item["collection"]) for item in items()})
            return {"collections": [self._collection(name) for name in names], "links": []}

        def get_collection(self, collection_id: str, **_: Any) -> Any:
            return self._collection(collection_id)

        def get_item(self, item_id: str, collection_id: str, **_: Any) -> Any:
            return next(item for item in items() if item["id"] == item_id)

        def item_collection(
            self, collection_id: str, bbox: Any = None, datetime: Any = None, limit: Any = 10, **rest: Any
        ) -> Any:
            return self.get_search([collection_id], None, bbox, None, datetime, limit, **rest)

        def post_search(self, search_request: Any, **rest: Any) -> Any:
            asked, href = search_request, str(rest["request"].url)
            found = _chosen(items(), asked.collections, asked.ids, asked.bbox, asked.intersects, asked.datetime)
            start = int(asked.offset or 0)
            page = _page(found, start, asked.limit)
            if start + len(page["features"]) < len(found):
                body = {"offset": start + len(page["features"])}
                page["links"] = [{"rel": "next", "href": href, "method": "POST", "body": body, "merge": True}]
            return page

        def get_search(
            self,
            collections: Any = None,
            ids: Any = None,
            bbox: Any = None,
            intersects: Any = None,
            datetime: Any = None,
            limit: Any = 10,
            **rest: Any,
        ) -> Any:
            request = rest["request"]
            found = _chosen(items(), collections, ids, bbox, intersects, datetime)
            start = int(request.query_params.get("offset") or 0)
            page = _page(found, start, limit)
            if start + len(page["features"]) < len(found):
                after = request.url.include_query_params(offset=start + len(page["features"]))
                page["links"] = [{"rel": "next", "href": str(after), "type": "application/geo+json", "method": "GET"}]
            return page

    pages = [OffsetPaginationExtension()]
    return StacApi(
        settings=ApiSettings(enable_response_models=False),
        client=Memory(),
        extensions=pages,
        search_get_request_model=create_get_request_model(pages),
        search_post_request_model=create_post_request_model(pages),
    )


def _chosen(
    items: list[dict[str, Any]], collections: Any, ids: Any, bbox: Any, intersects: Any, when: Any
) -> list[dict[str, Any]]:
    """The items that a search asks for."""
    import shapely
    import shapely.geometry
    from stac_fastapi.types.rfc3339 import str_to_interval

    if collections:
        items = [item for item in items if item["collection"] in collections]
    if ids:
        items = [item for item in items if item["id"] in ids]
    for area in (shapely.box(*bbox) if bbox else None, shapely.geometry.shape(intersects) if intersects else None):
        if area is not None:
            items = [item for item in items if shapely.geometry.shape(item["geometry"]).intersects(area)]
    if when:
        first, last = str_to_interval(when) if isinstance(when, str) else when
        at = {item["id"]: dt.datetime.fromisoformat(item["properties"]["datetime"]) for item in items}
        items = [i for i in items if (not first or at[i["id"]] >= first) and (not last or at[i["id"]] <= last)]
    return items


def _page(found: list[dict[str, Any]], start: int, limit: Any) -> dict[str, Any]:
    """A small page, so that there are several."""
    features = found[start : start + min(int(limit or 10), 2)]
    return {"type": "FeatureCollection", "features": features, "links": [], "numberMatched": len(found)}
