"""Alerts as lines of JSON in a file, each alert once, whatever cut the writing short."""

from __future__ import annotations

import json
import os
from pathlib import Path

from sitewatch.errors import DeliveryError
from sitewatch.watch._into_file import IntoFile
from sitewatch.watch._message import Message, alert_json
from sitewatch.watch._rules import LinesFile


class LinesChannel(IntoFile[LinesFile]):
    """One file; see `Channel`."""

    def send(self, message: Message, target: str) -> str:
        path = Path(target)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # One write a message, onto the end: whoever follows the file (tail -f) sees whole lines only.
            with path.open("a+b") as file:
                file.seek(0)
                there = _ids(file.read())
                _cut_off_half_a_line(path)
                alerts = [alert_json(message, alert) for alert in message.alerts]
                fresh = [alert for alert in alerts if alert["id"] not in there]
                file.write(b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in fresh))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DeliveryError(f"{path} can't be written ({error.strerror})") from error
        return "written" if fresh else "was there"


def _ids(content: bytes) -> set[str]:
    """Ids of the alerts in whole lines."""
    whole, _, _ = content.rpartition(b"\n")
    ids = set()
    for line in whole.splitlines():
        try:
            ids.add(str(json.loads(line)["id"]))
        except (ValueError, KeyError, TypeError):
            continue
    return ids


def _cut_off_half_a_line(path: Path) -> None:
    """Remove what a watch that was killed in the midst of writing left without its end."""
    with path.open("r+b") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)
