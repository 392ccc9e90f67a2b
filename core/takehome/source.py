"""Definitions of the core as readable source: without types, dependencies first."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from core.nn.expression import Expression
from core.takehome.edits import Edit, edited, span, syntax
from core.takehome.folding import folded
from core.takehome.formula import numpy_formula


class Library:
    """The definitions that a script holds, each once, in an order that Python can read.

    program: the module that is written out for one plan, given by its fields; all else is core.
    Two definitions of the same name are kept apart, and so are one of the core and a name that the
    program gives to something else: the later one is prefixed with its module's name.
    """

    def __init__(self, program: ModuleType, plan: Mapping[str, object]) -> None:
        self.program, self.plan = program, plan
        self.taken = given_names(parsed(program)[1]) | {field.upper() for field in plan}
        self.parts: list[str] = []
        self.imports: set[str] = set()
        self.constants: set[str] = set()
        """The fields of the plan that become constants in the script."""
        self._names: dict[str, object] = {}

    def add(self, thing: Any, wanted: str) -> str:
        """Take a function, a class, a named tuple or a constant in; its name in the script.

        Raises TypeError for anything else that a function of the core might use.
        """
        for name, known in self._names.items():
            if known is thing:
                return name
        name, module = wanted, getattr(thing, "__module__", "")
        if name in self._names or (name in self.taken and module != self.program.__name__):
            name = f"{module.rpartition('.')[2]}_{wanted}"
        self._names[name] = thing
        self.parts.append(self._written(thing, name))
        return name

    def field(self, name: str) -> str:
        """The name that replaces a field of the plan: of a function or a constant."""
        value = self.plan[name]
        if isinstance(value, FunctionType):
            return self.add(value, name if value.__name__ == "<lambda>" else value.__name__)
        if isinstance(value, Expression):
            return self.add(value, "formula")
        if isinstance(value, type):
            return f"np.{value.__name__}"
        if value is None:
            return "None"
        self.constants.add(name)
        return name.upper()

    def text(self) -> str:
        """What was taken in since the last call."""
        text = "\n".join(self.parts)
        self.parts = []
        return text

    def _written(self, thing: object, name: str) -> str:
        if isinstance(thing, FunctionType):
            return self._definition(inspect.unwrap(thing), name)
        if isinstance(thing, Expression):
            return numpy_formula(thing, name, self.add)
        if isinstance(thing, type) and hasattr(thing, "_fields"):
            self.imports.add("from collections import namedtuple")
            return f'{name} = namedtuple("{name}", "{" ".join(thing._fields)}")'
        if isinstance(thing, type) and thing.__module__ == self.program.__name__:
            return self._definition(thing, name)
        if isinstance(thing, int | float):
            return f"{name} = {thing!r}"
        if isinstance(thing, tuple) and all(isinstance(part, float) for part in thing):
            return f"{name} = (\n" + "".join(f"    {part!r},\n" for part in thing) + ")"
        raise TypeError(f"{name} cannot be part of a script")

    def _definition(self, thing: Any, name: str) -> str:
        """A function or a class, after all that it uses."""
        text = definition(thing, name)
        if thing.__module__ == self.program.__name__:
            text = folded(text, self.plan, self.field)
        tree, known = syntax(text), vars(sys.modules[thing.__module__])
        used = {n: known[n] for n in free_names(tree) if n in known}
        renamed = {n: self._used(thing, n) for n, thing in used.items()}
        edits = [*without_types(tree, text), *other_names(tree, text, renamed)]
        return f"\n\n{edited(text, edits)}\n\n"

    def _used(self, thing: object, name: str) -> str:
        """The name in the script of something that a function uses."""
        if isinstance(thing, ModuleType):
            self.imports.add(f"import {thing.__name__} as {name}")
            return name
        if (module := getattr(thing, "__module__", "")).split(".")[0] in sys.stdlib_module_names:
            self.imports.add(f"from {module} import {name}")
            return name
        return self.add(thing, name)


@lru_cache(maxsize=64)
def parsed(module: ModuleType) -> tuple[str, ast.Module]:
    text = inspect.getsource(module)
    return text, syntax(text)


@lru_cache(maxsize=256)
def definition(thing: FunctionType | type, name: str) -> str:
    """The text of a class, or of a function as a `def` of this name; that of a lambda too."""
    if isinstance(thing, type):
        return inspect.getsource(thing).rstrip()
    code = thing.__code__
    if thing.__name__ != "<lambda>":
        text = inspect.getsource(thing).rstrip()
        return text.replace(f"def {thing.__name__}(", f"def {name}(", 1)
    module = inspect.getmodule(thing)
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
    """The names that a function uses at run time, without those of its types."""
    typing = {id(node) for annotation in types_of(tree) for node in ast.walk(annotation)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in typing:
            yield node


def given_names(tree: ast.AST) -> set[str]:
    """The names that a source text binds, at any level."""
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return own | {node.id for node in expressions(tree) if isinstance(node.ctx, ast.Store)}


def free_names(tree: ast.AST) -> list[str]:
    """The free names of a source text, in order of appearance."""
    own = given_names(tree)
    return list(dict.fromkeys(node.id for node in expressions(tree) if node.id not in own))


def without_types(tree: ast.AST, text: str) -> Iterator[Edit]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            start = span(text, node)[0] + len(node.arg.encode())
            yield Edit(start, span(text, node.annotation)[1], "")
        elif isinstance(node, ast.arguments):
            for last, default in zip(node.args[::-1], node.defaults[::-1], strict=False):
                if last.annotation is not None:  # a default after a type has spaces around its sign
                    yield Edit(span(text, last.annotation)[1], span(text, default)[0], "=")
        elif isinstance(node, ast.AnnAssign):
            yield Edit(span(text, node.target)[1], span(text, node.annotation)[1], "")
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            start, end = span(text, node.returns)
            yield Edit(text.encode().rindex(b" ->", 0, start), end, "")


def other_names(tree: ast.AST, text: str, renamed: dict[str, str]) -> Iterator[Edit]:
    for node in expressions(tree):
        if renamed.get(node.id, node.id) != node.id:
            yield Edit(*span(text, node), renamed[node.id])
