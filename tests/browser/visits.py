"""A page in a language, opened once for all that is looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

import pytest
from playwright.sync_api import Browser, Page

from pages import texts
from pages.texts import Text
from tests.browser.drive import listening, settle, speaks, tabs

READERS = dict(zip(texts.LANGUAGES, cycle(("light", "dark"))))
"""Each language in one theme, in turn: colours do not depend on words, nor names on colours."""
DESK = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Visit:
    """A page as it was opened, with what went wrong and what was asked of which server."""

    page: Page
    name: str
    language: str
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def text(self) -> Text:
        return texts.LANGUAGES[self.language].text


def visits(paths: Mapping[str, str], always: Collection[str]) -> pytest.MarkDecorator:
    """Let a test look at these paths, by name, each quickly in one language, slowly in the others.

    Of those that are not `always` looked at, only every eighth is quick. Tests that see the same
    page in the same language share one visit, wherever they are written.
    """
    languages = list(texts.LANGUAGES)
    return pytest.mark.parametrize(
        "visited",
        [
            pytest.param(
                (name, path, language),
                id=f"{name}-{language}",
                marks=() if quick and language == chosen else pytest.mark.slow,
            )
            for place, (name, path) in enumerate(paths.items())
            for chosen in [languages[place % len(languages)]]
            for quick in [name in always or place % 8 == 0]
            for language in languages
        ],
        indirect=True,
    )


def joined(path: str, language: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}language={language}"


@contextmanager
def visiting(
    browser: Browser, address: str, name: str, path: str, language: str
) -> Iterator[Visit]:
    page = tabs(browser).lend(
        viewport=DESK, color_scheme=READERS[language], reduced_motion="reduce"
    )
    visit = Visit(page, name, language)
    with listening(
        page,
        pageerror=lambda error: visit.errors.append(str(error)),
        request=lambda request: visit.asked.append(request.url),
    ):
        page.goto(address + joined(path, language))
        speaks(page, language)
        settle(page)
        yield visit
    page.close()
