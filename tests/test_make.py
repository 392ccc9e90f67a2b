"""Every target of the Makefile works: each is run in a copy, in its shortest form."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec

import pytest

from bench.cluster import nginx
from bench.server import ROOT, free_port, wait_for

TARGETS = re.findall(r"^([\w-]+):.* ## ", (ROOT / "Makefile").read_text("utf-8"), re.M)
COLLECTED = {"PYTEST_ADDOPTS": "--collect-only"}
NO_TORCH = {} if find_spec("torch") else {"PYTHONPATH": "tests/stand_ins"}
SHORTEST = {
    "help": {},
    "lint": {},
    "architecture": {},
    "check": COLLECTED,
    "test": COLLECTED,
    "test-slow": COLLECTED,
    "bench": {"QUICK": "1", **NO_TORCH},
    "recorder": COLLECTED,
    "cluster": COLLECTED,
    "bench-page": {"QUICK": "1"},
    "bench-browser": {"QUICK": "1"},
    "load": {"QUICK": "1"},
    "font": {},
}
"""The environment in which a target takes least. `run`, which never ends, has its own test."""
INSTALLED = [f"-o.venv/{stamp}" for stamp in (".run", ".dev", ".bench", ".cluster")]
"""What make is to take as installed, as tests never reach the internet."""


def make(folder, target, **environment):
    """The process of `make target`, as a person would start it: not as a part of these tests."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    return subprocess.Popen(
        ["make", *INSTALLED, *(["-olint"] if target != "lint" else []), target],
        cwd=folder,
        env=own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project elsewhere, so that what a target writes does not change it."""
    folder = tmp_path_factory.mktemp("project") / "dashboard"
    left = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, folder, ignore=left)
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    return folder


def test_every_target_is_run_by_these_tests():
    assert set(TARGETS) == {"run", *SHORTEST}


@pytest.mark.slow
@pytest.mark.parametrize("target", SHORTEST)
def test_a_target_works(copy, target):
    if target == "load" and nginx() is None:
        pytest.skip("no nginx, and none can be installed")
    if target == "font" and not japanese_font():
        pytest.skip("the font from which glyphs are taken is not installed")
    process = make(copy, target, **SHORTEST[target])
    told, _ = process.communicate(timeout=580)
    assert process.returncode == 0, told[-3000:]


def japanese_font():
    from tools.font import SOURCE

    if shutil.which("fc-match") is None:
        return False
    found = subprocess.run(["fc-match", SOURCE], capture_output=True, text=True, check=True)
    return SOURCE in found.stdout


@pytest.mark.slow
def test_make_run_serves_the_dashboard(copy):
    port = free_port()
    process = make(copy, "run", STREAMLIT_SERVER_PORT=str(port))
    try:
        wait_for(f"http://127.0.0.1:{port}")
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=20)
        process.stdout.close()
