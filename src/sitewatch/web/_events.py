"""News as server-sent events: what entered the record, alerts, and how far an update is."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from sitewatch.record import Record, list_alerts, list_runs
from sitewatch.web._desk import Desk, desk_of
from sitewatch.web._sites import update_at_work
from sitewatch.web._words import alert_json, run_json

router = APIRouter(tags=["news"])

LOOK_AGAIN_S = 1.0
_PROGRESS = re.compile(r"^(?P<stage>.+): (?P<done>\d+) of (?P<total>\d+)")


class Updates:
    """Updates that this server was asked for; each is a process of its own, so that the page stays quick."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._far: dict[str, dict[str, Any]] = {}

    def start(self, desk: Desk) -> bool:
        """Begin an update; False where one of this server is running."""
        with self._lock:
            if desk.key in self._running and self._running[desk.key].poll() is None:
                return False
            command = [sys.executable, "-m", "sitewatch", "update", "--workspace", str(desk.workspace.folder)]
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            self._running[desk.key] = process
            self._far[desk.key] = {"stage": "starting", "done": 0, "total": 1, "running": True, "said": ""}
        threading.Thread(target=self._listen, args=(desk.key, process), daemon=True).start()
        return True

    def far(self, key: str) -> dict[str, Any] | None:
        """How far the update of a site is, or how it ended; None where this server began none."""
        return self._far.get(key)

    def stop(self) -> None:
        """End what still runs: the next update goes on from there."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
                process.wait(10)

    def _listen(self, key: str, process: subprocess.Popen[str]) -> None:
        said: list[str] = []
        with process:
            for line in process.stderr or ():
                found = _PROGRESS.match(line.strip())
                if found:
                    done, total = int(found["done"]), int(found["total"])
                    far = {"stage": found["stage"], "done": done, "total": total, "running": True, "said": ""}
                    self._far[key] = far
                elif line.strip():
                    said.append(line.strip())
        code = process.returncode
        self._far[key] = {
            "stage": "done" if code == 0 else "failed",
            "done": int(code == 0),
            "total": 1,
            "running": False,
            "said": "" if code == 0 else " ".join(said[-4:])[-600:],
        }


@router.post(
    "/api/sites/{site}/updates",
    status_code=202,
    responses={404: {"description": "no such site"}, 409: {"description": "an update is at work already"}},
)
def start_update(request: Request, site: str) -> dict[str, Any]:
    """Look for new images and bring the record up to date, as `sitewatch update` does; the news tell how far it is."""
    desk = desk_of(request, site)
    updates: Updates = request.app.state.updates
    if update_at_work(desk) is not None or not updates.start(desk):
        raise HTTPException(409, "an update of this site is at work already")
    return {"started": True}


@router.get("/api/sites/{site}/news", response_class=EventSourceResponse)
async def news(request: Request, site: str) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events until the reader goes away.

    `record`: something entered the record, read again what you show. `run`: a run ended. `alert`: somebody should
    hear. `update`: whether an update is at work, and how far one begun here is.
    """
    desk = desk_of(request, site)
    updates: Updates = request.app.state.updates
    state, seen = await asyncio.to_thread(_look, desk)
    yield ServerSentEvent(event="hello", data={"runs": seen[0], "alerts": seen[1]})
    told: dict[str, Any] | None = None
    while not request.app.state.closing.is_set():
        far = {"at_work": await asyncio.to_thread(update_at_work, desk), "progress": updates.far(desk.key)}
        if far != told:
            yield ServerSentEvent(event="update", data=far)
            told = far
        if desk.state() != state:
            state, now = await asyncio.to_thread(_look, desk)
            yield ServerSentEvent(event="record", data={"runs": now[0], "alerts": now[1]})
            for kind, entry in await asyncio.to_thread(_since, desk, seen):
                yield ServerSentEvent(event=kind, data=entry)
            seen = now
        await asyncio.sleep(LOOK_AGAIN_S)


def _look(desk: Desk) -> tuple[Any, tuple[int, int]]:
    state = desk.state()

    def ask(record: Record) -> tuple[tuple[int, int], int]:
        return (len(list_runs(record, desk.uid)), len(list_alerts(record, desk.uid))), 100

    return state, desk.remembered("counts", ask)


def _since(desk: Desk, seen: tuple[int, int]) -> list[tuple[str, dict[str, Any]]]:
    with desk.record() as record:
        runs, alerts = list_runs(record, desk.uid)[seen[0] :], list_alerts(record, desk.uid)[seen[1] :]
    return [*(("run", run_json(one)) for one in runs), *(("alert", alert_json(one)) for one in alerts)]
