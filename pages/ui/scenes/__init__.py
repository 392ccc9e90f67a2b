"""The scenes of the story, in their order."""

from __future__ import annotations

from pages.ui.scenes.deeper import DEEPER
from pages.ui.scenes.folds import FOLDS
from pages.ui.scenes.line import LINE
from pages.ui.scenes.price import PRICE
from pages.ui.scenes.race import RACE
from pages.ui.scenes.scene import Scene
from pages.ui.scenes.since import SINCE
from pages.ui.scenes.slopes import SLOPES
from pages.ui.scenes.walk import WALK

SCENES: tuple[Scene, ...] = (LINE, FOLDS, DEEPER, WALK, SLOPES, RACE, PRICE, SINCE)
