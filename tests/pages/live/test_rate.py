"""How often something may happen."""

from pages.live.rate import Rate


def test_a_rate_is_reached_by_that_many_events_and_no_longer_when_the_first_is_past():
    rate = Rate(3, 60.0)
    for second in (0.0, 10.0, 20.0):
        assert not rate.reached(second)
        rate.count(second)
    assert rate.reached(20.0)
    assert rate.reached(59.0)
    assert not rate.reached(60.0)
    rate.count(60.0)
    assert rate.reached(69.0)
    assert not rate.reached(70.0)
