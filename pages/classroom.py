"""For teachers: links, the lesson plan, the worksheet."""

from pages.ui.frame import close_page, open_page
from pages.ui.rooms.classroom.classroom import link_of, open_classroom, part, part_choice

t = open_page("classroom")
chosen = open_classroom()
part_choice(t, chosen)
part(t, chosen)
close_page(t, link_of(chosen), link_of(chosen, full=True))
