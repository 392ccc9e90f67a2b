"""The start page: the story in eight scenes, and before it a cover with doors to the rest."""

from pages.ui.frame import close_page, open_page
from pages.ui.house import STORY
from pages.ui.rooms.story.story import cover, current, lead, scene, title, told_so_far

t = open_page(STORY, lead, title)
if (shown := current()) is None:
    cover(t)
else:
    scene(t, shown)
close_page(t, STORY, *told_so_far())
