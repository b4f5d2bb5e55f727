"""What a client knows between calls, whichever way it does its input and output."""

from __future__ import annotations

import itertools
import time
from typing import Sequence

from .link import endpoints
from .messages import Descriptions
from .retry import Course, RetryPolicy, check_seconds


class Session:
    """Endpoints, patience, request ids, and what was learnt of models.

    Attributes:
        endpoints: where daemons listen, first choice first.
        policy: how patient the client is.
        preferred: index of the endpoint that answered last.
        descriptions: models as the daemon last described them.
    """

    def __init__(
        self,
        endpoint: str | Sequence[str],
        timeout: float,
        retries: int,
        attempt_timeout: float | None,
    ) -> None:
        self.endpoints = endpoints(endpoint)
        self.policy = RetryPolicy(timeout=timeout, retries=retries, attempt_timeout=attempt_timeout)
        self.preferred = 0
        self.descriptions = Descriptions()
        self._ids = itertools.count(1)

    def next_id(self) -> int:
        """An id that no attempt of this client had before."""
        return next(self._ids)

    def ends(self, deadline: float | None) -> float:
        """When a call that begins now must be over, on the monotonic clock."""
        if deadline is None:
            return time.monotonic() + self.policy.timeout
        return time.monotonic() + check_seconds("deadline", deadline)

    def course(self, ends: float) -> Course:
        """The course of a call that begins now."""
        return Course(self.policy, len(self.endpoints), self.preferred, ends)
