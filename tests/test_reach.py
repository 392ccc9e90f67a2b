"""The files by which others find, open and cite the project say what is true of it."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from bench.server import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
"""What a Space takes for its card."""


def plain(value):
    value = value.strip()
    return value[1:-1] if value[:1] == value[-1:] == '"' else value


def mapping(text):
    """Flat YAML: the keys of a block, each with a value or the items of its list."""
    found, last = {}, ""
    for line in text.splitlines():
        if item := re.fullmatch(r"  - (.*)", line):
            found[last].append(plain(item[1]))
        else:
            last, value = re.fullmatch(r"([\w-]+):(.*)", line).groups()
            assert last not in found
            found[last] = plain(value) or []
    return found


def port():
    """The port that the Dockerfile's last stage opens."""
    return re.findall(r"^EXPOSE (\d+)$", (ROOT / "deploy/Dockerfile").read_text("utf-8"), re.M)[-1]


def test_the_citation_has_what_its_format_requires_and_is_of_this_version():
    cited = mapping((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] in ("software", "dataset")
    assert cited["version"] == PROJECT["version"]
    assert cited["license"] == PROJECT["license"]
    assert cited["authors"] == [f'name: "{PROJECT["authors"][0]["name"]}"']
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{cited['version']}] - {cited['date-released']}" in changelog
    assert set(cited["keywords"]) <= set(PROJECT["keywords"])


def test_the_space_is_of_docker_and_listens_where_the_image_does():
    text = (ROOT / "deploy/space/README.md").read_text("utf-8")
    begin, front, rest = text.split("---\n", 2)
    assert begin == ""
    assert rest.strip()
    said = mapping(front)
    assert said["sdk"] == "docker"
    assert said["app_port"] == port()
    assert said["license"] == PROJECT["license"].lower()
    assert {said["colorFrom"], said["colorTo"]} <= COLOURS
    assert len(said["short_description"]) <= 60


@pytest.fixture
def container():
    return json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))


def test_the_dev_container_has_a_python_that_the_project_takes(container):
    version = re.fullmatch(r"mcr\.microsoft\.com/devcontainers/python:(3\.\d+)", container["image"])
    least = PROJECT["requires-python"].removeprefix(">=")
    assert tuple(map(int, version[1].split("."))) >= tuple(map(int, least.split(".")))


def test_the_dev_container_runs_targets_that_exist_and_shows_their_port(container):
    targets = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    for command in ("postCreateCommand", "postAttachCommand"):
        make, target = container[command].split()
        assert make == "make"
        assert target in targets
    assert (
        [str(p) for p in container["forwardPorts"]] == [port()] == [*container["portsAttributes"]]
    )
