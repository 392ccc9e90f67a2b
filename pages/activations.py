"""activations"""

from pages.ui.frame import close_page, open_page

t = open_page("activations")
close_page(t, {}, {})
