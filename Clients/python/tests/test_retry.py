"""The course of a call, step by step, with a clock and a chance of our own."""

from __future__ import annotations

import pytest

from vigil import CannotConnect, ConnectionLost, InvalidRequest, NoReply, Overloaded
from vigil.retry import Course, RetryPolicy


class Clock:
    """Seconds that pass when told."""

    now = 1000.0

    def __call__(self):
        return self.now


def course(endpoints=1, seconds=100.0, chance=0.0, **policy):
    clock = Clock()
    policy = RetryPolicy(chance=lambda: chance, **policy)
    return Course(policy, endpoints, 0, clock.now + seconds, clock), clock


def test_pauses_double_up_to_a_cap():
    steps, _ = course(chance=1.0, retries=9, first_pause=0.1, longest_pause=0.5)
    pauses = [steps.after(ConnectionLost("")) for _ in range(5)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5])


@pytest.mark.parametrize("chance, pause", [(0.0, 4.0), (1.0, 5.0)])
def test_a_pause_is_never_shorter_than_asked_for(chance, pause):
    steps, _ = course(chance=chance)
    assert steps.after(Overloaded("", retry_after=4.0)) == pytest.approx(pause)


def test_a_pause_that_is_asked_for_has_a_cap():
    steps, _ = course(longest_retry_after=10.0)
    assert steps.after(Overloaded("", retry_after=3600.0)) == pytest.approx(10.0)


def test_endpoints_take_turns_and_the_soonest_goes_first():
    steps, clock = course(endpoints=3, retries=9)
    visits, pauses = [steps.endpoint], []
    for seconds in (5.0, 1.0, 3.0):
        pauses.append(steps.after(Overloaded("", retry_after=seconds)))
        visits.append(steps.endpoint)
    assert visits == [0, 1, 2, 1]
    assert pauses == pytest.approx([0.0, 0.0, 1.0])
    clock.now += 10
    assert steps.after(Overloaded("", retry_after=1.0)) == 0.0
    assert steps.endpoint == 2


def test_a_missing_connection_uses_up_no_retry():
    steps, _ = course(retries=0)
    for _ in range(20):
        steps.after(CannotConnect(""))
    with pytest.raises(ConnectionLost):
        steps.after(ConnectionLost(""))


@pytest.mark.parametrize("error", [CannotConnect(""), NoReply(""), Overloaded("")])
def test_what_would_not_end_in_time_is_raised(error):
    steps, clock = course(seconds=1.0)
    clock.now += 0.99
    with pytest.raises(type(error)):
        steps.after(error)


def test_what_is_final_is_raised():
    steps, _ = course()
    with pytest.raises(InvalidRequest) as caught:
        steps.after(InvalidRequest(""))
    assert caught.value.attempts == 1


def test_an_attempt_ends_before_the_call():
    steps, clock = course(seconds=10.0, attempt_timeout=3.0)
    steps.begin()
    assert steps.remaining() == pytest.approx(3.0)
    clock.now += 8
    steps.begin()
    assert steps.remaining() == pytest.approx(2.0)
