"""The scenes of the story, in their order."""

from __future__ import annotations

from pages.ui.rooms.story.scenes.deeper import DEEPER
from pages.ui.rooms.story.scenes.folds import FOLDS
from pages.ui.rooms.story.scenes.line import LINE
from pages.ui.rooms.story.scenes.price import PRICE
from pages.ui.rooms.story.scenes.race import RACE
from pages.ui.rooms.story.scenes.scene import Scene
from pages.ui.rooms.story.scenes.since import SINCE
from pages.ui.rooms.story.scenes.slopes import SLOPES
from pages.ui.rooms.story.scenes.walk import WALK

SCENES: tuple[Scene, ...] = (LINE, FOLDS, DEEPER, WALK, SLOPES, RACE, PRICE, SINCE)
