"""When a call is tried again, where, and how long it waits. No input or output here."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from typing import Callable

from .errors import CannotConnect, ConnectionLost, NoReply, Overloaded, Unavailable, VigilError

# Refusals that changed nothing and losses of a request that is idempotent.
_RETRYABLE = (Overloaded, Unavailable, ConnectionLost, NoReply)


@dataclass(frozen=True)
class RetryPolicy:
    """How patient a client is; times in seconds.

    Attributes:
        timeout: a whole call, retries and pauses included, when it names no deadline.
        retries: sends of one request after the first; 0 for none. Not counted, and tried
            again until the deadline: a connection that cannot be made, and a refusal that
            says when to come back.
        attempt_timeout: wait for one reply before the request is sent again, or None to
            wait until the deadline or until the connection is seen to be lost.
        first_pause: pause before the second attempt; doubles with each failure.
        longest_pause: cap of that doubling.
        longest_retry_after: cap of the pause that a daemon asks for.
        chance: numbers in [0, 1) that spread the pauses of many clients.
    """

    timeout: float = 30.0
    retries: int = 4
    attempt_timeout: float | None = None
    first_pause: float = 0.05
    longest_pause: float = 1.0
    longest_retry_after: float = 10.0
    chance: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        check_seconds("timeout", self.timeout)
        if self.attempt_timeout is not None:
            check_seconds("attempt_timeout", self.attempt_timeout)
        if self.retries < 0:
            raise ValueError(f"retries: {self.retries} is negative")

    def pause(self, failures: int, retry_after: float | None) -> float:
        """Seconds to leave an endpoint alone after its `failures`-th failure in a row.

        Never shorter than what the daemon asked for, up to the cap; a quarter longer at
        most, so that clients refused together do not come back together.
        """
        backoff = min(self.first_pause * 2.0 ** min(failures - 1, 32), self.longest_pause)
        if retry_after is None:
            # Half to whole: nobody asked for a minimum.
            return backoff * (0.5 + 0.5 * self.chance())
        asked = max(min(retry_after, self.longest_retry_after), backoff)
        return asked * (1.0 + 0.25 * self.chance())


def check_seconds(name: str, seconds: float) -> float:
    """The argument, if it is a finite positive number of seconds; else ValueError."""
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{name}: {seconds} is not a positive number of seconds")
    return float(seconds)


class Course:
    """The course of one call over its attempts and endpoints.

    Args:
        policy: how patient the client is.
        endpoints: how many endpoints there are.
        first: index of the endpoint to try first.
        ends: when the call must be over, on `clock`.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        endpoints: int,
        first: int,
        ends: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._ends = ends
        self._failures = [0] * endpoints
        self._not_before = [-math.inf] * endpoints
        self._attempt_began = clock()
        self._sends = 0
        self._counted = 0
        self.endpoint = first

    def begin(self) -> None:
        """An attempt at `endpoint` begins."""
        self._attempt_began = self._clock()

    def remaining(self) -> float:
        """Seconds that this attempt may still take; zero or less when it is over."""
        now = self._clock()
        left = self._ends - now
        if self._policy.attempt_timeout is not None:
            left = min(left, self._attempt_began + self._policy.attempt_timeout - now)
        return left

    def after(self, error: VigilError) -> float:
        """Seconds to pause before the next attempt at `endpoint`, which may have changed.

        Raises `error` when it is final, when the retries are used up, or when the pause
        would not end before the call must.
        """
        if not isinstance(error, CannotConnect):
            self._sends += 1
            self._counted += error.retry_after is None
        error.attempts = self._sends
        limit = self._policy.retries
        if not isinstance(error, _RETRYABLE) or self._counted > limit or self._sends > limit == 0:
            raise error
        now = self._clock()
        failed, count = self.endpoint, len(self._failures)
        self._failures[failed] += 1
        self._not_before[failed] = now + self._policy.pause(
            self._failures[failed], error.retry_after
        )
        # The endpoint that may be asked soonest; the next in the list where several may.
        self.endpoint = min(
            ((failed + step) % count for step in range(1, count + 1)),
            key=lambda index: max(self._not_before[index], now),
        )
        pause = max(self._not_before[self.endpoint] - now, 0.0)
        if now + pause >= self._ends:
            raise error
        return pause
