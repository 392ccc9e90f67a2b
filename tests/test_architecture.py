"""The architecture, read from the syntax trees: who may know whom, and what nobody may do."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import TopologicalSorter

import pytest

from core.data.datasets import DATASETS
from core.nn.activations import ACTIVATIONS
from core.nn.initializers import INITIALIZERS
from core.nn.optimizers import OPTIMIZERS
from pages.ui.house import ROOMS
from tools import architecture
from tools.architecture import ENTRY, FILES, ROOT, imported, room_of, targets, tree

CORE, PAGES = ROOT / "core", ROOT / "pages"
STANDARD = sys.stdlib_module_names
SCRIPTS = sorted(path for path in PAGES.glob("*.py") if path.name != "__init__.py")


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def inside(*folders):
    return [path for path in FILES if any(folder in path.parents for folder in folders)]


def over(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


def packages(path):
    return {module.split(".")[0] for module in imported(path)}


def called(path):
    """The names of all functions called: `f(...)` and `x.f(...)` are both f."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            function = node.func
            yield (
                function.attr
                if isinstance(function, ast.Attribute)
                else getattr(function, "id", "")
            )


def names(path):
    """Every name, attribute and string of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# --- imports run one way -----------------------------------------------------------------------

MAY_IMPORT = {
    "core": "numpy",
    "core/data": "core numpy",
    "core/nn": "core core/data numpy",
    "core/runs": "core core/data core/nn numpy",
    "core/lessons": "core core/data core/nn core/runs numpy",
    "core/checks": "core core/data core/nn core/runs numpy",
    "core/theory": "core core/nn numpy",
    "core/studies": "core core/data core/nn core/runs core/theory numpy",
    "core/takehome": "core core/data core/nn core/runs numpy",
    "core/sweep": "core core/runs numpy distributed",
    "core/engines": "core core/runs core/studies core/sweep dask distributed",
    "core/watched": "core core/data core/nn core/runs core/lessons numpy",
    "pages/files": "core/* charset_normalizer numpy pandas",
    "pages/live": "redis",
    "pages/texts": "core/*",
    "pages/charts": "core/* pages/live pages/texts altair numpy pyarrow PIL vl_convert",
    "pages/ui": "core/* pages/files pages/texts pages/charts pyarrow streamlit",
    "pages/ui/widgets": "core/* pages/files pages/texts pages/charts pages/ui altair pyarrow"
    " streamlit",
    "pages/ui/frame": "core/* pages/texts pages/charts pages/ui pages/ui/widgets streamlit",
    "pages/ui/rooms": "core/* pages/files pages/live pages/texts pages/charts pages/ui"
    " pages/ui/widgets pages/ui/frame numpy pyarrow segno streamlit",
    "pages": "core/* pages/ui pages/ui/widgets pages/ui/frame pages/ui/rooms streamlit",
    "dashboard.py": "pages/ui pages/ui/frame pages/ui/rooms streamlit",
}
"""Every room and what it may import beside itself and the standard library, from the bottom up.
`core/*` is every room of the core."""


def allowed(room):
    """The rooms and packages that a room may import."""
    names = set(MAY_IMPORT[room].split())
    if "core/*" in names:
        names |= {other for other in MAY_IMPORT if other.split("/")[0] == "core"}
    return names - {"core/*"}


def test_every_room_is_in_the_table():
    assert set(MAY_IMPORT) == {room_of(path) for path in FILES}


@over(FILES)
def test_a_file_imports_what_its_room_may(path):
    rooms = {room_of(target) for target in targets(path)} - {room_of(path)}
    others = packages(path) - STANDARD - {"core", "pages", "__future__"}
    assert rooms | others <= allowed(room_of(path))


def test_no_arrow_runs_upwards():
    below = set()
    for room in MAY_IMPORT:
        assert allowed(room) & set(MAY_IMPORT) <= below, room
        below.add(room)


def test_no_modules_import_each_other_in_a_circle():
    TopologicalSorter({path: targets(path) for path in FILES}).prepare()


@pytest.mark.parametrize("room", [room for room in MAY_IMPORT if room != ENTRY.name])
def test_a_room_says_what_it_may_import(room):
    frame = room == architecture.FRAME
    document = (ROOT / ("pages/ui" if frame else room) / "README.md").read_text("utf-8")
    mark = "**May import, the frame**: " if frame else "**May import**: "
    _, _, said = document.partition(mark)
    names = re.match(r"(`[^`]+`,?\s*)+\.", said)
    assert names is not None
    assert re.findall("`([^`]+)`", names[0]) == MAY_IMPORT[room].split()


def test_the_document_leads_to_the_readme_of_every_room():
    document = architecture.DOCUMENT.read_text("utf-8")
    folders = set(MAY_IMPORT) - {architecture.FRAME, ENTRY.name}
    assert [room for room in folders if f"](../{room}/README.md)" not in document] == []


def test_the_picture_of_the_rooms_is_that_of_the_code():
    document = architecture.DOCUMENT.read_text("utf-8")
    assert architecture.drawn(document) == document, "run make architecture"


USE_A_CLUSTER = (CORE / "sweep" / "cluster.py", CORE / "engines" / "cluster.py")
"""The modules that may load Dask, and only once they are called."""


@over(inside(CORE))
def test_the_core_knows_numpy_and_the_standard_library_and_nothing_else(path):
    optional = {"dask", "distributed"} if path in USE_A_CLUSTER else set()
    assert packages(path) <= STANDARD | {"core", "numpy", "__future__"} | optional


@over(USE_A_CLUSTER)
def test_the_core_can_be_loaded_without_what_is_optional(path):
    top = [n for n in tree(path).body if isinstance(n, ast.Import | ast.ImportFrom)]
    loaded = {name for node in top for name in (getattr(node, "module", None), node.names[0].name)}
    assert not {"dask", "distributed"} & {str(name).split(".")[0] for name in loaded}


@over(inside(PAGES / "charts", PAGES / "texts"))
def test_charts_and_texts_know_no_streamlit(path):
    assert "streamlit" not in packages(path)
    assert not any(module.startswith("pages.ui") for module in imported(path))


def test_charts_and_texts_can_be_loaded_where_there_is_no_streamlit():
    reached, waiting = set(), inside(PAGES / "charts", PAGES / "texts")
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for module in imported(path):
            file = ROOT.joinpath(*module.split("."))
            waiting += [p for p in (file.with_suffix(".py"), file / "__init__.py") if p.exists()]
    assert all("streamlit" not in packages(path) for path in reached)
    assert not any(PAGES / "ui" in path.parents for path in reached)


@over([path for path in inside(PAGES) if path not in SCRIPTS])
def test_no_part_of_the_pages_knows_a_page(path):
    scripts = {f"pages.{script.stem}" for script in SCRIPTS}
    assert not imported(path) & scripts
    assert "dashboard" not in packages(path)


@over(SCRIPTS)
def test_a_page_knows_no_other_page(path):
    assert not imported(path) & {f"pages.{script.stem}" for script in SCRIPTS}
    assert "dashboard" not in packages(path)


# --- what belongs where ------------------------------------------------------------------------


@over([path for path in FILES if PAGES / "ui" not in path.parents])
def test_only_the_bridge_touches_the_session_and_the_address(path):
    assert not {"session_state", "query_params"} & set(names(path))


def test_only_page_scripts_lie_directly_in_pages():
    assert {name_of(script) for script in SCRIPTS} == {room.script for room in ROOMS.values()}
    for script in SCRIPTS:
        assert "open_page" in called(script)
        assert "close_page" in called(script)
    files = {path.name for path in PAGES.iterdir() if path.is_file()}
    assert files == {"README.md", "__init__.py", *(script.name for script in SCRIPTS)}


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES} - {ROOT}), ids=name_of)
def test_every_folder_of_code_is_a_package(folder):
    assert (folder / "__init__.py").exists()


def test_the_door_is_small():
    assert len(ENTRY.read_text("utf-8").splitlines()) < 40


# --- what nobody may do ------------------------------------------------------------------------

DANGEROUS = {"eval", "exec", "compile", "__import__", "system", "popen"}
UNPICKLERS = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "ctypes"}
STARTS_A_PROCESS = CORE / "engines" / "worker.py"
"""The one module that may: it starts Python with a command that is a constant."""


@over(FILES)
def test_nothing_is_evaluated_unpickled_or_run(path):
    bare = {n.func.id for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and is_name(n.func)}
    assert not bare & DANGEROUS
    assert not set(called(path)) & {"system", "popen"}
    assert not packages(path) & UNPICKLERS
    assert path == STARTS_A_PROCESS or "subprocess" not in packages(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword):
            assert node.arg != "unsafe_allow_html"
            if node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False


def test_the_only_process_that_is_started_runs_a_constant_command():
    nodes = list(ast.walk(tree(STARTS_A_PROCESS)))
    (command,) = [n.value for n in nodes if isinstance(n, ast.Assign) and is_named(n, "COMMAND")]
    assert ast.unparse(command) == "(sys.executable, '-m', 'core.engines.worker')"
    used = [n for n in nodes if isinstance(n, ast.Attribute) and is_name(n.value)]
    assert {n.attr for n in used if n.value.id == "subprocess"} == {"Popen", "PIPE"}
    (started,) = [n for n in nodes if isinstance(n, ast.Call) and "Popen" in ast.unparse(n.func)]
    assert ast.unparse(started.args[0]) == "COMMAND"


def is_named(node, name):
    return [ast.unparse(target) for target in node.targets] == [name]


def is_name(node):
    return isinstance(node, ast.Name)


@over(inside(CORE))
def test_the_core_loads_arrays_without_pickles(path):
    for node in ast.walk(tree(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "load"
            and is_name(node.func.value)
            and node.func.value.id == "np"
        ):
            assert any(keyword.arg == "allow_pickle" for keyword in node.keywords)


@over(inside(PAGES))
def test_no_page_sleeps_starts_threads_or_waits_in_a_loop(path):
    allowed = {"threading", "threading.Lock"} if PAGES / "live" in path.parents else set()
    parallel = {"threading", "asyncio", "multiprocessing", "concurrent"}
    assert not {m for m in imported(path) if m.split(".")[0] in parallel} - allowed
    assert "sleep" not in set(called(path))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.While):
            assert not isinstance(node.test, ast.Constant)


@over(inside(CORE))
def test_the_core_prints_nothing_and_reads_no_environment(path):
    assert not set(called(path)) & {"print", "input", "getenv", "seed"}
    assert not packages(path) & {"os", "random", "logging", "warnings"}


@over(inside(CORE))
def test_no_public_function_of_the_core_is_without_its_types(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None, node.name


@over([*SCRIPTS, *inside(PAGES / "ui")])
def test_no_page_asks_which_entry_of_a_registry_it_has(path):
    """A page that needs `if activation == "relu"` shows that the registry lacks a field."""
    keys = {*ACTIVATIONS, *DATASETS, *INITIALIZERS, *OPTIMIZERS}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Compare):
            constants = {
                constant.value
                for side in [node.left, *node.comparators]
                for constant in ast.walk(side)
                if isinstance(constant, ast.Constant)
            }
            assert not constants & keys, ast.unparse(node)
