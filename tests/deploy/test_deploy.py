"""Two processes behind nginx, as deploy/ sets them up: what visitors get, what a crash costs."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import streamlit
from playwright.sync_api import expect

from bench.cluster import ROOT, cluster, configured, nginx
from bench.load import Load, gathered
from bench.viewer import Seen, Viewer
from tests.awaited import awaited
from tests.browser.drive import open_page, settle

pytestmark = pytest.mark.skipif(nginx() is None, reason="no nginx, and none can be installed")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def get(address, **headers):
    """The answer, its headers and its body; an error is an answer, too."""
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, b""


def script():
    """The address of a script of Streamlit's own page, of some size."""
    folder = Path(streamlit.__file__).parent / "static"
    largest = max((folder / "static" / "js").glob("*.js"), key=lambda path: path.stat().st_size)
    return largest.relative_to(folder).as_posix(), largest.read_bytes()


def connected(port):
    """How many viewers a process has."""
    body = get(f"http://127.0.0.1:{port}/_stcore/metrics")[2].decode()
    return int(re.search(r"^active_sessions (\d+)", body, re.MULTILINE)[1])


# --- what a visitor gets -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["", "training", script()[0], "app/static/fonts/lesson-bold.woff2"]
)
def test_every_answer_has_the_headers_of_a_public_page(running, path):
    status, headers, _ = get(f"{running.address}/{path}")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'self' https:" in policy
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["X-Frame-Options"] is None
    assert headers["Server"] == "nginx"


def test_files_that_never_change_come_from_nginx_compressed_and_are_kept(running):
    path, content = script()
    _, headers, body = get(f"{running.address}/{path}", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == content
    assert headers["Cache-Control"] == "max-age=31536000"
    assert headers["Set-Cookie"] is None
    assert get(f"{running.address}/static/js/none.js")[0] == 404  # Streamlit would send a page


def test_the_page_itself_is_requested_again(running):
    assert get(f"{running.address}/")[1]["Cache-Control"] == "no-cache"


def test_a_visitor_is_told_apart_by_a_cookie_that_no_script_reads(running):
    cookie = get(f"{running.address}/")[1]["Set-Cookie"]
    assert cookie.startswith("dashboard=")
    assert "HttpOnly" in cookie
    name = cookie.split(";")[0]
    assert get(f"{running.address}/", Cookie=name)[1]["Set-Cookie"] is None


def test_in_the_frame_of_a_learning_platform_the_cookie_is_kept(running):
    cookie = get(f"{running.address}/", **{"X-Forwarded-Proto": "https"})[1]["Set-Cookie"]
    assert "SameSite=None" in cookie
    assert "Secure" in cookie
    assert "Partitioned" in cookie


@pytest.mark.parametrize("path", ["_stcore/metrics", "_stcore/agent", "_stcore/agent/openapi.json"])
def test_what_is_for_the_keeper_of_the_machine_is_not_shown(running, path):
    assert get(f"{running.address}/{path}")[0] == 404


@pytest.mark.parametrize(
    "path", ["dashboard.py", "asgi.py", "..%2fdashboard.py", "static/..%2f..%2fasgi.py",
             "app/static/../../asgi.py", "app/static/..%2f..%2fasgi.py", ".streamlit/config.toml"],
)  # fmt: skip
def test_no_file_of_the_server_can_be_read(running, path):
    _, _, body = get(f"{running.address}/{path}")
    assert b"import" not in body
    assert b"postScriptGC" not in body


def test_an_upload_beyond_the_limit_is_refused_by_nginx(running):
    host, port = running.address.removeprefix("http://").split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=30)
    line.putrequest("PUT", "/_stcore/upload_file/session/file")
    limit = re.search(r"client_max_body_size (\d+)m;", (ROOT / "deploy" / "nginx.conf").read_text())
    line.putheader("Content-Length", str((int(limit[1]) + 1) * 2**20))
    line.endheaders()
    with contextlib.closing(line):
        assert line.getresponse().status == 413


# --- viewers -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_viewers_are_spread_over_the_processes_and_all_are_served(running):
    async def visit():
        seen = Seen()
        viewers = [
            Viewer(running.address, "training", "epochs=5", seen, cookie=f"dashboard=viewer{n}")
            for n in range(12)
        ]
        opened = await asyncio.gather(*(viewer.open() for viewer in viewers))
        sessions = [connected(port) for port in running.processes]
        for viewer in viewers:
            await viewer.close()
        return opened, seen, sessions

    opened, seen, sessions = awaited(visit())
    assert all(opened)
    assert seen.errors == []
    assert min(sessions) > 0
    assert sum(sessions) >= 12


@pytest.mark.slow
def test_the_policy_forbids_nothing_that_a_page_needs(running, browser):
    page = open_page(browser, running.address)
    refused = []
    page.on("console", lambda m: refused.append(m.text) if "Security Policy" in m.text else 0)
    for name in ["derivatives", "training?epochs=20", "digits?epochs=1"]:
        page.goto(f"{running.address}/{name}")
        settle(page, charts=1)
    page.close()
    assert refused == []


@contextlib.contextmanager
def killed(running, viewers):
    """Kill the process with the most viewers; this many are at the other one within a minute."""
    victim, survivor = sorted(running.processes, key=connected, reverse=True)
    running.kill(victim)
    try:
        begun = time.monotonic()
        while connected(survivor) < viewers:  # the browsers come back by themselves
            assert time.monotonic() - begun < 60
            time.sleep(0.05)
        print(f"all connected again after {time.monotonic() - begun:.1f} s")
        yield
    finally:
        running.start(victim)


@pytest.mark.slow
def test_runs_under_way_survive_their_process(running, browser):
    pages = []
    for depth in (10, 11):
        page = browser.new_page()
        page.goto(f"{running.address}/training?depth={depth}&width=32&epochs=399")
        page.wait_for_selector("[data-testid=stProgress]", timeout=60_000)
        pages.append(page)
    with killed(running, 2):
        for depth, page in zip((10, 11), pages, strict=True):
            settle(page, charts=3)
            assert f"depth={depth}" in page.url
            assert page.get_by_text("epoch 399 of 399").count() > 0
            assert page.get_by_test_id("stException").count() == 0
            page.close()


@pytest.mark.slow
def test_a_page_whose_process_died_answers_the_next_click(running, browser):
    page = open_page(browser, f"{running.address}/training?depth=2&epochs=20", charts=3)
    with killed(running, 1):
        start = page.get_by_role("button", name="New random start")  # in a fragment
        for _ in range(10):  # a click before the page has run again is lost, but no later one
            settle(page, charts=3)
            start.click()
            with contextlib.suppress(AssertionError):
                expect(page).to_have_url(re.compile("[?&]seed="), timeout=5_000)
                break
        assert "seed=" in page.url
        assert "depth=2" in page.url
        page.close()


@pytest.mark.slow
def test_an_audience_whose_process_is_killed_has_its_pictures_back(running):
    victim = next(iter(running.processes))
    try:
        seen, returned = awaited(gathered(running, Load(10, 2.0, 8.0)))
    finally:
        running.start(victim)
    lost = seen.errors.count("connection lost")
    assert len(seen.opened) == 10
    assert 0 < lost < 10
    assert len(returned) == lost == len(seen.errors)


# --- the files themselves ----------------------------------------------------------------------


def test_nginx_takes_the_configuration(tmp_path):
    written = tmp_path / "nginx.conf"
    written.write_text(configured(tmp_path, 8080, [8501, 8502]), "utf-8")
    found = subprocess.run(
        [nginx(), "-t", "-c", str(written), "-p", str(tmp_path)], capture_output=True, check=False
    )
    assert found.returncode == 0, found.stderr.decode()


def test_what_is_deployed_is_what_is_tested():
    """The pinned versions of deploy/requirements.txt are those of requirements.txt."""
    pinned = (ROOT / "deploy" / "requirements.txt").read_text("utf-8")
    needed = [
        (ROOT / f"requirements{which}.txt").read_text("utf-8")
        for which in ("", "-redis", "-cluster")
    ]
    for line in "".join(needed).splitlines():
        name, version = line.partition("#")[0].strip().split("==")
        assert f"\n{name.split('[')[0]}" in pinned
        assert f"=={version} \\" in pinned
    assert json.dumps(pinned).count("--hash=sha256:") > 40
