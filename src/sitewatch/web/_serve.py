"""The server: one process on this machine, and the browser that opens on it."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from sitewatch.errors import WebError
from sitewatch.record import Workspace
from sitewatch.web._app import make_app

PORT = 8710
_HOST = "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Serving:
    """How a server is run.

    Attributes
    ----------
    port
        0 takes any that is free; None the usual one, or any that is free where that is taken.
    basemap
        Address of a base map that browsers may load.
    """

    port: int | None = None
    basemap: str | None = None


def serve(
    folders: Sequence[str | Path], how: Serving, *, told: Callable[[str], None] = print, browse: bool = True
) -> None:
    """Serve workspaces on this machine alone until interrupted.

    Parameters
    ----------
    folders
        Workspaces.
    told
        Called with the address once requests are taken.
    browse
        Whether to open the browser on it.

    Raises
    ------
    WorkspaceError
        If one of the folders is none.
    WebError
        If the port is taken.
    """
    app = make_app([Workspace.open(folder) for folder in folders], basemap=how.basemap)
    with _listening(how.port) as door:
        address = f"http://{_HOST}:{door.getsockname()[1]}/"
        server = _Server(
            uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2),
            closing=app.state.closing,
        )

        def ready() -> None:
            server.began.wait()
            told(address)
            if browse:
                webbrowser.open(address)

        threading.Thread(target=ready, daemon=True).start()
        server.run(sockets=[door])


class _Server(uvicorn.Server):
    """Says when it takes requests, and when it is about to end."""

    def __init__(self, config: uvicorn.Config, closing: threading.Event) -> None:
        super().__init__(config)
        self.began = threading.Event()
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests."""
        await super().startup(sockets=sockets)
        self.began.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; those who listen for news are sent home first."""
        self._closing.set()
        await super().shutdown(sockets=sockets)


def _listening(port: int | None) -> contextlib.AbstractContextManager[socket.socket]:
    wanted = [PORT, 0] if port is None else [port]
    for one in wanted:
        door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((_HOST, one))
            door.listen(128)
            return door
        except (OSError, OverflowError):
            door.close()
    raise WebError(f"port {port} is taken or not allowed", hint="Give another with --port, or 0 for any that is free.")
