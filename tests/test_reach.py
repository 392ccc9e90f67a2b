"""The files by which others find, open and cite the project say what is true of it."""

from __future__ import annotations

import json
import re
import tomllib
from xml.etree import ElementTree as ET

import pytest

from bench.server import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION_KEYS = {
    *("abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi"),
    *("identifiers", "keywords", "license", "license-url", "message", "preferred-citation"),
    *("references", "repository", "repository-artifact", "repository-code", "title", "type"),
    *("url", "version"),
}
"""What version 1.2.0 of the Citation File Format knows."""
SPACE_KEYS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "app_port", "license", "pinned", "tags"),
    *("short_description", "header", "fullWidth", "startup_duration_timeout"),
}
"""What a Space of the Docker kind reads."""
PORT_OPENS = {"notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"}
"""What a dev container may do with a port."""
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
    assert {"cff-version", "message", "title", "authors"} <= set(cited) <= CITATION_KEYS
    assert re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", cited["date-released"])
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
    assert set(said) <= SPACE_KEYS
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
    (attributes,) = container["portsAttributes"].values()
    assert set(attributes) <= {"label", "onAutoForward", "elevateIfNeeded", "protocol"}
    assert attributes["onAutoForward"] in PORT_OPENS


@pytest.mark.parametrize("document", ["deploy/README.md", "deploy/README.ja.md"])
def test_the_badge_is_a_picture_of_the_project_and_leads_to_an_address_to_fill_in(document):
    text = (ROOT / document).read_text("utf-8")
    ((words, picture, address),) = re.findall(r"\[!\[(.+?)\]\((\S+?)\)\]\((\S+?)\)", text)
    root = ET.parse(ROOT / picture).getroot()
    assert root.get("aria-label") == words
    assert "YOUR-" in address
    drawn = (ROOT / picture).read_text("utf-8")
    assert re.findall(r"https?:[^\"]+", drawn) == ["http://www.w3.org/2000/svg"]  # loads nothing
    assert "script" not in drawn
