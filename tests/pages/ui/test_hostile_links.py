"""Thousands of hostile links through the code that reads them: no error, no delay, no markup."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from core.domain import LONGEST_VALUE
from core.runs.cost import over_budget
from core.runs.lanes import MOST_LANES, lane_keys, read_lanes, write_lanes
from pages.ui import session as module
from pages.ui.frame import listed
from pages.ui.house import SPECS
from pages.ui.session import VERSION, linked, open_session, session

every_count = pytest.mark.parametrize(
    "links", [1_000, pytest.param(10_000, marks=pytest.mark.slow)]
)
KEYS = sorted({*VERSION, *lane_keys()}.union(*(spec.keys() for spec in SPECS)))
NUMBERS = [
    *["nan", "inf", "-inf", "1e999", "-1e999", "1e-999", "-1", "0", "-0", "00", "007", "1_000"],
    *["0x10", "1e4", "1e9999", "1e99999", ".5", "5.", ".", "+5", "--5", "9223372036854775808"],
    *[
        "١٢٣",
        "１２",
        "²",
        "½",
        "1,000",
        "1;2",
        "1e",
        "1e+",
        "e5",
        "True",
        "None",
        "null",
        "5j",
        "1/0",
    ],
]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![x](http://canary.example/x.png)",
    "[x](javascript:alert(1))",
    "`` ` ``",
    "`<b>`",
    "a\r\r![x](http://canary.example/)",
    "a\n\n# b",
    "a\x0b\x0c\x85\u2028\u2029b",
    ":red[x] :material/delete: $\\alpha$",
    "</style><style>*{display:none}",
]
OTHER = [
    "",
    " ",
    "\x00",
    "\ud7ff\ue000",
    "\u202egnp.exe",
    "\ufeff1",
    "e\u0301" * 20,
    "😀" * 30,
    "../../etc/passwd",
    "C:\\windows",
    "{t.__class__}",
    "{0}",
    "%s%n",
    "__class__",
    "__import__('os')",
    "'; DROP TABLE runs; --",
    ",".join(["relu"] * 50),
    ",".join(map(str, range(200))),
    "1-9999",
    "1-9999," * 40 + "1",
    "9" * LONGEST_VALUE,
    "9" * (LONGEST_VALUE + 1),
    "9" * 5_000,
    "sigmoid",
    "relu",
    "xor",
]
HUGE = ["9" * 1_000_000, "1," * 500_000, "(" * 1_000_000, "relu," * 200_000]


class Parameters(dict[str, list[str]]):
    """A stand-in for Streamlit's query parameters."""

    def get_all(self, key: str) -> list[str]:
        return self[key]


@dataclass
class Browser:
    """A stand-in for Streamlit: an address, and a new session."""

    query_params: Parameters
    session_state: dict[str, Any] = field(default_factory=dict)


def value(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(NUMBERS)
    if kind < 0.5:
        return rng.choice(MARKUP)
    if kind < 0.75:
        return rng.choice(OTHER)
    if kind < 0.755:
        return rng.choice(HUGE)
    characters = "0123456789-+.eE,;_<>`'\"\\{}%$ \t\r\nabcxyz\x00é字"
    return "".join(rng.choices(characters, k=rng.randrange(1, 80)))


def key(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.85:
        return rng.choice(KEYS)
    if kind < 0.95:
        return rng.choice(["", "2.", "5.activation", "2.seed", "1.depth", "2.2.depth", "DEPTH"])
    return value(rng)[:200]


def link(rng: random.Random) -> Parameters:
    """A hostile link: a few keys or hundreds, some of them given more than once."""
    count = rng.choice([*[1, 1, 2, 3, 5, 8] * 5, 300])
    return Parameters(
        {key(rng): [value(rng) for _ in range(rng.choice([1, 1, 1, 2, 9]))] for _ in range(count)}
    )


@pytest.fixture
def opened(monkeypatch):
    """A function that opens a session with a link, as a page does, and returns it."""

    def open_with(parameters):
        monkeypatch.setattr(module, "st", Browser(parameters))
        open_session(SPECS)
        return session()

    return open_with


@every_count
def test_no_hostile_link_raises_takes_long_or_leaves_a_setting_that_is_none(opened, links):
    rng, slowest = random.Random(1), 0.0
    for _ in range(links):
        parameters = link(rng)
        begun = time.thread_time()
        seen = opened(parameters)
        specs = [linked(spec) for spec in SPECS]
        lanes, ignored = read_lanes(seen.settings, MOST_LANES)
        slowest = max(slowest, time.thread_time() - begun)
        assert ignored == ()
        for spec in specs:
            assert type(spec).read_query(spec.to_query(full=True)) == (spec, ())
        for run in lanes:
            over_budget(run)
        again = read_lanes(dict(parse_qsl(urlencode(write_lanes(lanes)))), len(lanes))
        assert again == (lanes, ())
    assert slowest < 1.0  # seconds of the processor, for a link with values of a megabyte


@every_count
def test_what_is_told_about_a_hostile_link_is_short_and_stands_in_code(opened, links):
    rng = random.Random(2)
    code = re.compile(r"`[^`\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+`")
    for _ in range(links // 5):
        told = listed(opened(link(rng)).damaged)
        assert re.fullmatch(rf"({code.pattern}(, {code.pattern})*( …)?)?", told), told
        assert len(told) < 7 * (2 * LONGEST_VALUE + 10)


def test_hostile_links_do_reach_every_setting():
    """The fuzzer is of no use if its values never get as far as a parser."""
    rng, met, sound = random.Random(1), set(), 0
    for _ in range(1_000):
        parameters = link(rng)
        met |= parameters.keys() & set(KEYS)
        sound += sum(
            len(values) == 1 and values[0] in ("relu", "0") for values in parameters.values()
        )
    assert met == set(KEYS)
    assert sound > 50


@pytest.mark.parametrize("text", [*MARKUP, *OTHER, *NUMBERS])
def test_every_key_with_every_hostile_text_gives_sound_settings(opened, text):
    seen = opened(Parameters({key: [text] for key in KEYS}))
    for spec in SPECS:
        assert spec.read_query(seen.settings)[1] == ()
    assert seen.settings.keys() | seen.damaged.keys() | VERSION.keys() >= set(KEYS)
