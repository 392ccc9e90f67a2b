"""What can be said of the recorders where there is no framework: each is one file, of the version
that the format's schema has."""

import ast
import json
import sys
import tomllib

import pytest

from tests.recorder.folder import FILES, FOLDER
from tools.architecture import ROOT

TREES = {file.stem: ast.parse(file.read_text("utf-8")) for file in FILES}
NEEDS = {
    "layer_recorder": {"torch"},
    "layer_recorder_jax": {"jax", "numpy"},
    "layer_recorder_keras": {"keras", "numpy", "torch", "jax", "tensorflow"},
}
SCHEMA = json.loads((ROOT / "docs" / "recording-format.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("name", TREES)
def test_it_needs_nothing_but_its_framework(name):
    imported = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == NEEDS[name]


def test_its_package_is_these_files_and_has_no_dependencies():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["setuptools"]["py-modules"] == list(TREES)
    assert "dependencies" not in project["project"]


def constants(tree):
    return {
        ast.unparse(node.targets[0]): node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
    }


@pytest.mark.parametrize("name", TREES)
def test_the_schema_is_of_its_format(name):
    head = SCHEMA["$defs"]["head"]["properties"]
    assert ast.literal_eval(constants(TREES[name])["(FORMAT, VERSION)"]) == (
        head["format"]["const"],
        head["version"]["const"],
    )


@pytest.mark.parametrize("name", [name for name in TREES if name != "layer_recorder"])
@pytest.mark.parametrize(
    "part", ["plain", "(MOST, LONGEST)", "SATURATED", "QUANTILES", "SAMPLED", "DIGITS"]
)
def test_what_the_files_share_is_the_same(name, part):
    """Each is copied alone, so what they share is repeated."""
    own, first = (said(TREES[key], part) for key in (name, "layer_recorder"))
    assert own == first


def said(tree, part):
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return ast.dump((functions | constants(tree))[part])
