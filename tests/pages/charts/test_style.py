"""What is seen can be told apart."""

import pytest

from core.nn.activations import ACTIVATIONS, Family
from pages.charts.style import DARK, LIGHT, dash, pattern

every_palette = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour):
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@every_palette
def test_text_stands_out_from_the_paper(colours):
    for colour in [colours.ink, colours.faint, colours.accent, colours.right, colours.wrong]:
        assert contrast(colour, colours.paper) >= 4.5, colour
    assert contrast(colours.on_accent, colours.accent) >= 4.5


@every_palette
def test_marks_stand_out_from_the_paper(colours):
    for colour in [*colours.families.values(), *colours.classes]:
        assert contrast(colour, colours.paper) >= 3, colour


@pytest.mark.parametrize("family", Family)
def test_no_two_activations_of_a_family_share_a_dash(family):
    dashes = [dash(a) for a in ACTIVATIONS.values() if a.family is family]
    assert len(set(dashes)) == len(dashes)


def test_a_family_never_runs_out_of_dashes():
    patterns = [pattern(place) for place in range(100)]
    for place, one in enumerate(patterns):
        assert len(one) % 2 == 0
        assert min(one[::2]) > 0
        assert max(one) <= 14
        turned = {one[k:] + one[:k] for k in range(0, len(one), 2)}  # a line begins anywhere
        assert not turned & {*patterns[:place], *patterns[place + 1 :]}
