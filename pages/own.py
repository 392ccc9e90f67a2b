"""A training of one's own: a recording is brought, seen on the clock, judged, and rebuilt small."""

from pages.ui.frame import close_page, open_page, palette
from pages.ui.house import OWN_TRAINING
from pages.ui.rooms.own import beside, bring, charts, chosen, layers, remedies, verdict
from pages.ui.widgets.presets import questions

t = open_page(OWN_TRAINING)
(watching,) = OWN_TRAINING.open()
colours = palette()

questions(t, OWN_TRAINING)
bring(t, watching)
if (watched := chosen(t, watching)) is not None:
    judgement = verdict(t, watching, watched)
    charts(t, colours, watched, judgement, beside(t, watching, watched))
    layers(t, watched)
    remedies(t, watched, judgement)
close_page(t, OWN_TRAINING)
