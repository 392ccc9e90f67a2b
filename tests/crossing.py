"""Every combination of several lists: some of them quickly, the others in `make test-slow`."""

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings


def crossed(every=1, **lists):
    """Parametrize a test with every combination of the values of these lists.

    Each value of the longest list is tried quickly once, with the combinations of the others in
    turn; all else is slow. every: 2 tries every second value quickly, 3 every third.
    """
    *others, longest = sorted(lists, key=lambda name: len(lists[name]))
    rest = list(product(*(lists[name] for name in others)))
    return pytest.mark.parametrize(
        (*others, longest),
        [
            pytest.param(*values, value, marks=() if quick else pytest.mark.slow)
            for place, value in enumerate(lists[longest])
            for turn, values in enumerate(rest)
            for quick in [place % every == 0 and turn == place // every % len(rest)]
        ],
    )


def few_of(values, few=1):
    """The parameters of a test, the first `few` tried quickly, the others slowly."""
    return [
        pytest.param(value, marks=() if place < few else pytest.mark.slow)
        for place, value in enumerate(values)
    ]


def examples(few, many):
    """Parametrize a random test with how many `examples` it draws: few quickly, many slowly."""
    return pytest.mark.parametrize(
        "examples", [few, pytest.param(many, marks=pytest.mark.slow)], ids=["few", "many"]
    )


def holds(check, strategy, examples):
    """That `check` passes for this many examples of a strategy."""
    settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])(
        given(strategy)(check)
    )()
