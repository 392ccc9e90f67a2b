"""The settings of all pages together: no key means two things."""

from __future__ import annotations

from core.domain import Choice, Several
from pages.ui.house import SPECS


def test_a_key_of_a_link_belongs_to_one_setting_of_all():
    keys = [key for spec in SPECS for key in [*spec.keys()]]
    assert len(set(keys)) == len(keys)


def test_one_key_means_one_entry_wherever_a_reader_can_choose():
    """Translations are found by the key alone."""
    found = {}
    for spec in SPECS:
        for domain in spec.domains().values():
            if isinstance(domain, Choice | Several):
                for key, entry in domain.options.items():
                    if entry is not None:
                        assert found.setdefault(key, entry) is entry, key
    assert found
