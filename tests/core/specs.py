"""Random settings for the tests, drawn from the domains in which they are declared."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, TypeVar

from hypothesis import strategies as st

from core.domain import Choice, Domain, Flag, Knobs, Real, Several, Spec, Whole

S = TypeVar("S", bound=Spec)


@singledispatch
def values(domain: Domain) -> st.SearchStrategy[Any]:
    """Any value of a domain; a new kind of setting is registered here."""
    raise TypeError(f"no random values for {domain}")


@values.register
def _(domain: Choice) -> st.SearchStrategy[str]:
    return st.sampled_from(list(domain.options))


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
def _(domain: Knobs) -> st.SearchStrategy[tuple[tuple[str, float], ...]]:
    numbers = {knob: values(real) for knob, real in domain.domains.items()}
    return st.fixed_dictionaries({}, optional=numbers).map(domain.only_changed)


def specs(kind: type[S], **narrower: st.SearchStrategy[Any]) -> st.SearchStrategy[S]:
    """Any settings of this kind; `narrower` gives some fields fewer values than declared."""
    fields = {name: values(domain) for name, domain in kind.domains().items()}
    return st.builds(kind, **(fields | narrower))
