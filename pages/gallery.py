"""The gallery: classic results on the training of deep networks, computed anew and judged."""

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import GALLERY
from pages.ui.rooms.gallery import card, settings
from pages.ui.widgets.presets import questions

t = open_page(GALLERY)
(chosen,) = GALLERY.open()

questions(t, GALLERY)
settings(t, chosen)
card(t, palette(), chosen)
close_page(t, GALLERY)
