"""What can be said of the recorder where there is no PyTorch: it is one file, of the version that
the format's schema has."""

import ast
import json
import sys
import tomllib

from tests.recorder.folder import FILE, FOLDER
from tools.architecture import ROOT

TREE = ast.parse(FILE.read_text("utf-8"))
SCHEMA = json.loads((ROOT / "docs" / "recording-format.schema.json").read_text("utf-8"))


def test_it_needs_nothing_but_torch():
    imported = set()
    for node in ast.walk(TREE):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"torch"}


def test_its_package_is_that_file_and_has_no_dependencies():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["setuptools"]["py-modules"] == [FILE.stem]
    assert "dependencies" not in project["project"]


def test_the_schema_is_of_its_format():
    constants = {
        ast.unparse(node.targets[0]): node.value
        for node in TREE.body
        if isinstance(node, ast.Assign)
    }
    head = SCHEMA["$defs"]["head"]["properties"]
    assert ast.literal_eval(constants["(FORMAT, VERSION)"]) == (
        head["format"]["const"],
        head["version"]["const"],
    )
