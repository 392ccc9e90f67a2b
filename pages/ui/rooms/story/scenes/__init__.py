"""The scenes of the story, in the order of `pages.texts.scenes`."""

from __future__ import annotations

from core.registry import registry
from pages.texts.scenes import ORDER
from pages.ui.rooms.story.scenes.deeper import DEEPER
from pages.ui.rooms.story.scenes.folds import FOLDS
from pages.ui.rooms.story.scenes.line import LINE
from pages.ui.rooms.story.scenes.price import PRICE
from pages.ui.rooms.story.scenes.race import RACE
from pages.ui.rooms.story.scenes.scene import Scene
from pages.ui.rooms.story.scenes.since import SINCE
from pages.ui.rooms.story.scenes.slopes import SLOPES
from pages.ui.rooms.story.scenes.walk import WALK

PLAYED = registry(LINE, FOLDS, DEEPER, WALK, SLOPES, RACE, PRICE, SINCE)
SCENES: tuple[Scene, ...] = tuple(PLAYED[key] for key in ORDER)
