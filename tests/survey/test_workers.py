"""A survey on Dask: workers of a real cluster, one of them killed; and in object storage that a real process serves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from surveyed_area import agree, told

from sitewatch.errors import SurveyError
from sitewatch.site import Site
from sitewatch.survey import SurveyResult, local_workers, scheduled_workers, survey_stacks

pytest.importorskip("distributed", reason="needs the extra dask")


# A worker that is killed leaves its nanny a socket, which complains as Python clears it away.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_loss_of_a_worker_in_mid_run_is_survived(
    surveyed: tuple[SurveyResult, Path], area: Path, site: Site, tmp_path: Path
) -> None:
    killed: list[int] = []
    with local_workers(2) as client:

        def kill_one(stage: str, done: int, total: int) -> None:
            if stage == "change" and not killed:
                killed.append(_pid(client))
                os.kill(killed[0], signal.SIGKILL)

        result = survey_stacks(site, [str(area)], str(tmp_path), tile=512, client=client, progress=kill_one)
        assert killed
        assert killed[0] not in client.run(os.getpid).values()
        with pytest.raises(SurveyError, match="no Dask scheduler"), scheduled_workers("tcp://127.0.0.1:1"):
            pass
    assert result.lost == ()
    assert agree(told(result), told(surveyed[0]))


def _pid(client: Any) -> int:
    return int(next(iter(client.run(os.getpid).values())))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A bucket of an S3-compatible server in a process of its own."""
    pytest.importorskip("s3fs", reason="needs the extra dask")
    pytest.importorskip("moto.server", reason="needs moto[s3,server]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_it_answers(f"http://127.0.0.1:{port}/moto-api/", server)
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("survey")
        yield "s3://survey"
        s3fs.S3FileSystem.clear_instance_cache()
    finally:
        server.kill()
        server.wait()


def _until_it_answers(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the object store does not answer")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_stacks_and_results_may_lie_in_object_storage(
    bucket: str, surveyed: tuple[SurveyResult, Path], area: Path, site: Site, tmp_path: Path
) -> None:
    import s3fs

    files = s3fs.S3FileSystem()
    files.put(str(area), "survey/stack.zarr", recursive=True)
    result = survey_stacks(site, [f"{bucket}/stack.zarr"], f"{bucket}/out", tile=512)
    assert agree(told(result), told(surveyed[0]))
    files.invalidate_cache()
    assert files.exists("survey/out/structures.geojson")
    assert files.exists("survey/out/change/simulated-98.zarr/zarr.json")
    again = survey_stacks(site, [f"{bucket}/stack.zarr"], f"{bucket}/out", tile=512)
    assert agree(told(again), told(surveyed[0]))


def test_a_program_that_surveys_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SurveyError, match="Dask Distributed") as raised, local_workers(1):
        pass
    assert "sitewatch[dask]" in raised.value.hint
