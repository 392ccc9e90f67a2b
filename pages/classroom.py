"""For teachers: links, the lesson plan, the worksheet."""

from pages.ui.frame import close_page, open_page
from pages.ui.house import CLASSROOM
from pages.ui.rooms.classroom.classroom import open_classroom, part, part_choice

t = open_page(CLASSROOM)
chosen = open_classroom()

part_choice(t, chosen)
part(t, chosen)
close_page(t, CLASSROOM, chosen)
