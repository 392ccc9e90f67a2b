"""Every word a reader sees: one folder per language, one TOML file per page.

To add a language, copy `en/` and translate the right-hand sides.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.registry import registry

FOLDER = Path(__file__).parent


class Text(SimpleNamespace):
    """Texts by attribute, `t.training.title`; by key, `t.settings["depth"]`."""

    __eq__, __hash__ = object.__eq__, object.__hash__  # one for each language, and a key of caches

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def __contains__(self, key: object) -> bool:
        return key in vars(self)

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def get(self, key: str, default: Any) -> Any:
        return getattr(self, key, default)


@dataclass(frozen=True)
class Language:
    """A language: its code in links and in `lang`, its own name, all its texts."""

    key: str
    name: str
    text: Text


def read(code: str) -> dict[str, Any]:
    return {
        path.stem: tomllib.loads(path.read_text("utf-8"))
        for path in sorted((FOLDER / code).glob("*.toml"))
    }


def wrap(branch: dict[str, Any]) -> Text:
    return Text(
        **{key: wrap(leaf) if isinstance(leaf, dict) else leaf for key, leaf in branch.items()}
    )


LANGUAGES = registry(
    *(
        Language(code, text.common.language, text)
        for code in sorted(path.parent.name for path in FOLDER.glob("*/common.toml"))
        for text in [wrap(read(code))]
    )
)
