"""After the timings: million pixel-dates per second, and how many times faster than the reference of the same run."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Print what each benchmark stated of itself."""
    session = getattr(config, "_benchmarksession", None)
    told = [(mark.name, mark.extra_info) for mark in session.benchmarks if mark.extra_info] if session else []
    if told:
        terminalreporter.section("million pixel-dates per second, and times faster than NumPy in the same run")
    for name, info in told:
        terminalreporter.write_line(f"{name}: " + ", ".join(f"{key} {value}" for key, value in info.items()))
