"""Each language in one theme, in turn: colours do not depend on words, nor words on colours."""

from itertools import cycle

from pages.charts.style import DARK, LIGHT
from pages.texts import LANGUAGES

LOOKS = list(zip(LANGUAGES, cycle((LIGHT, DARK))))
