"""Every combination of several lists: some of them quickly, the others in `make test-slow`."""

from itertools import product

import pytest


def crossed(**lists):
    """Parametrize a test with every combination of the values of these lists.

    Each value of the longest list is tried quickly once, with the combinations of the others in
    turn; all else is slow.
    """
    *others, longest = sorted(lists, key=lambda name: len(lists[name]))
    rest = list(product(*(lists[name] for name in others)))
    return pytest.mark.parametrize(
        (*others, longest),
        [
            pytest.param(*values, value, marks=() if quick else pytest.mark.slow)
            for place, value in enumerate(lists[longest])
            for turn, values in enumerate(rest)
            for quick in [turn == place % len(rest)]
        ],
    )
