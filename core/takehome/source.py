"""Definitions of the core as readable text: without types, with all that they need before them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

Function = Callable[..., Any]


class Edit(NamedTuple):
    """What replaces the bytes from `start` to `end` of a text in UTF-8."""

    start: int
    end: int
    text: str


class Library:
    """The definitions that a script holds, each once, in an order in which Python can read them.

    taken: names that the script gives to something else. Two definitions of the same name stay
    apart: the second one has its module's name before its own.
    """

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self.taken = taken
        self.parts: list[str] = []
        self.imports: set[str] = set()
        self._names: dict[str, object] = {}

    def add(self, thing: object, wanted: str) -> str:
        """Take a function, a named tuple or a constant in; the name that it has in the script.

        Raises TypeError for anything else that a function of the core might use.
        """
        for name, known in self._names.items():
            if known is thing:
                return name
        name, module = wanted, getattr(thing, "__module__", "").rpartition(".")[2]
        if name in self.taken or name in self._names:
            name = f"{module}_{wanted}"
        self._names[name] = thing
        self.parts.append(self._written(thing, name))
        return name

    def text(self) -> str:
        """What was taken in since the last call."""
        text = "\n".join(self.parts)
        self.parts = []
        return text

    def _written(self, thing: object, name: str) -> str:
        if isinstance(thing, FunctionType):
            return self._function(thing, name)
        if isinstance(thing, type) and hasattr(thing, "_fields"):
            self.imports.add("from collections import namedtuple")
            return f'{name} = namedtuple("{name}", "{" ".join(thing._fields)}")'
        if isinstance(thing, int | float):
            return f"{name} = {thing!r}"
        if isinstance(thing, tuple) and all(isinstance(part, float) for part in thing):
            return f"{name} = (\n" + "".join(f"    {part!r},\n" for part in thing) + ")"
        raise TypeError(f"{name} cannot stand in a script")

    def _function(self, function: FunctionType, name: str) -> str:
        plain = inspect.unwrap(function)
        text = definition(plain, name)
        tree = ast.parse(text)
        used = {n: plain.__globals__[n] for n in free_names(tree) if n in plain.__globals__}
        renamed = {n: self._used(thing, n) for n, thing in used.items()}
        edits = [*without_types(tree, text), *other_names(tree, text, renamed)]
        return f"\n\n{edited(text, edits)}\n\n"

    def _used(self, thing: object, name: str) -> str:
        """What something that a function uses is called in the script."""
        if isinstance(thing, ModuleType):
            self.imports.add(f"import {thing.__name__} as {name}")
            return name
        if isinstance(thing, BuiltinFunctionType):
            self.imports.add(f"from {thing.__module__} import {name}")
            return name
        return self.add(thing, name)


@lru_cache(maxsize=64)
def parsed(module: ModuleType) -> tuple[str, ast.Module]:
    text = inspect.getsource(module)
    return text, ast.parse(text)


def definition(function: FunctionType, name: str) -> str:
    """The text of a function as a `def` of this name; that of a lambda too."""
    code = function.__code__
    if function.__name__ != "<lambda>":
        text = inspect.getsource(function).rstrip()
        return text.replace(f"def {function.__name__}(", f"def {name}(", 1)
    module = inspect.getmodule(function)
    assert module is not None
    text, tree = parsed(module)
    arguments = list(code.co_varnames[: code.co_argcount])
    found = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and [argument.arg for argument in node.args.args] == arguments
    )
    body = ast.get_source_segment(text, found.body)
    return f"def {name}({', '.join(arguments)}):\n    return {body}"


def types_of(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.returns


def expressions(tree: ast.AST) -> Iterator[ast.Name]:
    """The names that a function uses when it runs: not those of its types."""
    typing = {id(node) for annotation in types_of(tree) for node in ast.walk(annotation)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in typing:
            yield node


def free_names(tree: ast.AST) -> list[str]:
    """The names that a function uses and does not itself give to something, in their order."""
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    own |= {node.id for node in expressions(tree) if isinstance(node.ctx, ast.Store)}
    return list(dict.fromkeys(node.id for node in expressions(tree) if node.id not in own))


def without_types(tree: ast.AST, text: str) -> Iterator[Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            start = offset(text, node.lineno, node.col_offset) + len(node.arg.encode())
            yield Edit(start, end_of(text, node.annotation), "")
        elif isinstance(node, ast.AnnAssign):
            yield Edit(end_of(text, node.target), end_of(text, node.annotation), "")
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            start = offset(text, node.returns.lineno, node.returns.col_offset)
            arrow = text.encode().rindex(b" ->", 0, start)
            yield Edit(arrow, end_of(text, node.returns), "")


def other_names(tree: ast.AST, text: str, renamed: dict[str, str]) -> Iterator[Edit]:
    for node in expressions(tree):
        if renamed.get(node.id, node.id) != node.id:
            start = offset(text, node.lineno, node.col_offset)
            yield Edit(start, end_of(text, node), renamed[node.id])


def offset(text: str, line: int, column: int) -> int:
    """Where a line (from 1) and a column (in bytes from 0) stand in the text's bytes."""
    return sum(len(one) for one in text.encode().splitlines(keepends=True)[: line - 1]) + column


def end_of(text: str, node: ast.expr) -> int:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return offset(text, node.end_lineno, node.end_col_offset)


def edited(text: str, edits: list[Edit]) -> str:
    raw = text.encode()
    for edit in sorted(edits, reverse=True):
        raw = raw[: edit.start] + edit.text.encode() + raw[edit.end :]
    return raw.decode()
