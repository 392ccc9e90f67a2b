"""Draw which room imports which into `docs/architecture.md`: run `make architecture`.

A room is a folder with a README. The picture is read from the imports, so it shows the code as it
is; what may be imported is held by `tests/test_architecture.py`.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- begin: make architecture -->\n", "<!-- end: make architecture -->\n"
ENTRY = ROOT / "dashboard.py"
FILES = tuple(sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py"), ENTRY]))
FRAME = "pages/ui/frame"
SURROUNDING = frozenset(
    ROOT / "pages" / "ui" / name for name in ("frame.py", "present.py", "computing.py")
)
"""They surround every page and use the widgets, which the rest of `pages/ui` does not know."""
BUNDLE = ROOT / "pages" / "__init__.py"
"""Named in `from pages import texts`, but contains nothing to import."""

Graph = dict[str, set[str]]
"""The rooms that each room imports."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in the file, and every name that it imports."""
    modules = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{path} imports relatively"
            assert node.level == 0, f"{path} imports relatively"
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


def file_of(module: str) -> Path | None:
    """The file of a module of this project, None for any other and for a name that is no module."""
    place = ROOT.joinpath(*module.split("."))
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in candidates if path in FILES), None)


def targets(path: Path) -> set[Path]:
    """The files of this project that a file imports."""
    files = {file for module in imported(path) if (file := file_of(module)) is not None}
    return files - {path, BUNDLE}


def room_of(path: Path) -> str:
    """The innermost room that a file of FILES lies in."""
    if path in SURROUNDING:
        return FRAME
    if path == ENTRY:
        return path.name
    return next(
        folder.relative_to(ROOT).as_posix()
        for folder in path.parents
        if (folder / "README.md").exists()
    )


def graph() -> Graph:
    found: Graph = {room_of(path): set() for path in FILES}
    for path in FILES:
        found[room_of(path)] |= {room_of(target) for target in targets(path)} - {room_of(path)}
    return found


def reduced(full: Graph) -> Graph:
    """The graph without the arrows that a longer path implies. full: acyclic."""

    @cache
    def reached(room: str) -> frozenset[str]:
        return frozenset(full[room]).union(*(reached(other) for other in full[room]))

    return {
        room: {other for other in others if not any(other in reached(way) for way in others)}
        for room, others in full.items()
    }


def contents(room: str) -> list[str]:
    """The modules and packages of a room, by name."""
    own = [path for path in FILES if room_of(path) == room and path != ENTRY]
    folder = ROOT / ("pages/ui" if room == FRAME else room)
    places = {path.relative_to(folder).parts for path in own}
    return sorted({f"{p[0]}/" if len(p) > 1 else p[0].removesuffix(".py") for p in places})


def node(room: str) -> str:
    """A room and its contents, as Mermaid writes a node."""
    inside = " ".join(name for name in contents(room) if name != "__init__")
    return f'{identifier(room)}["<b>{room}</b><br/>{inside}"]'


def identifier(room: str) -> str:
    return room.replace("/", "_").replace(".", "_")


def picture() -> str:
    """The rooms as a Mermaid flowchart, importers above what they import."""
    rooms = graph()
    lines = ["flowchart TD"]
    for house in ("pages", "core"):
        inside = [node(room) for room in rooms if room.split("/")[0] == house]
        lines += [
            f"  subgraph {house}_rooms[{house}]",
            *(f"    {line}" for line in inside),
            "  end",
        ]
    lines.append(f"  {node(ENTRY.name)}")
    for room, others in reduced(rooms).items():
        lines += [f"  {identifier(room)} --> {identifier(other)}" for other in sorted(others)]
    return "\n".join(["```mermaid", *lines, "```", ""])


def drawn(document: str) -> str:
    """The document with the current picture between its two marks."""
    before, rest = document.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{picture()}{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(DOCUMENT.read_text("utf-8")), "utf-8")
