"""The scenes of the story by name, in the order in which they are told.

`pages.ui.rooms.story.scenes` plays them. What a scene says is `t["scene_" + name]`, what a teacher
says there `t.lesson.notes[name]`.
"""

from __future__ import annotations

ORDER = ("line", "folds", "deeper", "walk", "slopes", "race", "price", "since")
