"""derivatives"""

from pages.ui.frame import close_page, open_page

t = open_page("derivatives")
close_page(t, {}, {})
