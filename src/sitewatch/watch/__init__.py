"""The watch: sites looked at on a schedule, what is new of them raised as alerts, and receivers told, each once.

`read_rules` reads what to watch and whom to tell; `watch_once` and `watch_sites` do it, one `Look` a site and turn.
`news_between` is what decides whether anything is worth an alert: a function of two states of the record and nothing
else, so that `replay_site` plays an archive date by date with the same decisions. See ``docs/watch.md``.
"""

from sitewatch.watch._clock import Clock, SystemClock
from sitewatch.watch._deliver import Attempt
from sitewatch.watch._kinds import KINDS, Kind
from sitewatch.watch._look import Look
from sitewatch.watch._loop import watch_once, watch_sites
from sitewatch.watch._message import Message, alert_json
from sitewatch.watch._news import news_between
from sitewatch.watch._overdue import scene_gaps, stalled
from sitewatch.watch._replay import Played, Replay, replay_site
from sitewatch.watch._rules import WatchRules, read_rules

__all__ = [
    "KINDS",
    "Attempt",
    "Clock",
    "Kind",
    "Look",
    "Message",
    "Played",
    "Replay",
    "SystemClock",
    "WatchRules",
    "alert_json",
    "news_between",
    "read_rules",
    "replay_site",
    "scene_gaps",
    "stalled",
    "watch_once",
    "watch_sites",
]
