"""story"""

from pages.ui.frame import close_page, open_page

t = open_page("story")
close_page(t, {}, {})
