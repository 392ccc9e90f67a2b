"""Random settings for the tests, drawn from the domains in which they are declared."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, TypeVar

from hypothesis import strategies as st

from core.domain import (
    Choice,
    Domain,
    Fingerprint,
    Flag,
    Given,
    Knobs,
    Levels,
    Places,
    Real,
    Several,
    Spec,
    Whole,
)
from core.nn.own import Function

S = TypeVar("S", bound=Spec)
FORMULAS = ("x * sigmoid(x)", "max(0, x) + 0.1 * sin(x)", "where(x > 0, x, exp(x) - 1)")


@singledispatch
def values(domain: Domain) -> st.SearchStrategy[Any]:
    """Any value of a domain; a new kind of setting is registered here."""
    raise TypeError(f"no random values for {domain}")


@values.register
def _(domain: Choice) -> st.SearchStrategy[str]:
    return st.sampled_from(list(domain.options))


@values.register
def _(domain: Function) -> st.SearchStrategy[str]:
    return st.sampled_from([*domain.options, *FORMULAS])


@values.register
def _(domain: Several) -> st.SearchStrategy[tuple[str, ...]]:
    keys = st.sampled_from(list(domain.options))
    return st.lists(keys, min_size=1, max_size=domain.most, unique=True).map(tuple)


@values.register
def _(domain: Whole) -> st.SearchStrategy[int]:
    return st.integers(domain.low, domain.high)


@values.register
def _(domain: Real) -> st.SearchStrategy[float]:
    return st.floats(domain.low, domain.high)


@values.register
def _(domain: Flag) -> st.SearchStrategy[bool]:
    return st.booleans()


@values.register
def _(domain: Fingerprint) -> st.SearchStrategy[str]:
    written = st.text("0123456789abcdef", min_size=domain.digits, max_size=domain.digits)
    return st.just("") | written


@values.register
def _(domain: Places) -> st.SearchStrategy[tuple[int, ...]]:
    places = st.integers(1, domain.high)
    return st.lists(places, max_size=domain.most, unique=True).map(lambda some: tuple(sorted(some)))


@values.register
def _(domain: Levels) -> st.SearchStrategy[tuple[int, ...]]:
    levels = st.integers(0, domain.high)
    return st.lists(levels, min_size=domain.count, max_size=domain.count).map(tuple)


@values.register
def _(domain: Knobs) -> st.SearchStrategy[tuple[tuple[str, float], ...]]:
    numbers = {knob: values(real) for knob, real in domain.domains.items()}
    return st.fixed_dictionaries({}, optional=numbers).map(domain.only_changed)


@values.register
def _(domain: Given) -> st.SearchStrategy[tuple[tuple[str, float], ...]]:
    numbers = {key: values(real) for key, real in domain.domains.items()}
    return st.fixed_dictionaries({}, optional=numbers).map(
        lambda given: tuple(sorted(given.items()))
    )


def specs(kind: type[S], **narrower: st.SearchStrategy[Any]) -> st.SearchStrategy[S]:
    """Any settings of this kind; `narrower` gives some fields fewer values than declared."""
    fields = {name: values(domain) for name, domain in kind.domains().items()}
    return st.builds(kind, **(fields | narrower))
