"""The start page: the story in eight scenes, and before it a cover with doors to the rest."""

from pages.ui.frame import close_page, open_page
from pages.ui.rooms.story.story import cover, current, lead, link_of, scene, title

t = open_page("story", lead, title)
if (shown := current()) is None:
    cover(t)
else:
    scene(t, shown)
close_page(t, link_of(), link_of(full=True))
