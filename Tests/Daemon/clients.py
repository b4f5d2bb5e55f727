"""Python clients under load: each scores the same slices and keeps bits or errors."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time

import vigil
from daemon import PATIENCE, wait_until

CALLS = 100
ROWS = 37


def slices():
    """Rows of each call."""
    return [slice(97 * call, 97 * call + ROWS) for call in range(CALLS)]


def bits(scores):
    """Everything numeric of an answer, as bytes."""
    parts = []
    for output in scores.outputs.values():
        for array in (output.value, output.lower, output.upper, output.flags):
            if array is not None:
                parts.append(array.tobytes())
    parts += [scores.p_values[name].tobytes() for name in sorted(scores.p_values)]
    if scores.log_likelihood_ratio is not None:
        parts.append(scores.log_likelihood_ratio.tobytes())
    return b"".join(parts)


def truth(endpoint, model, events):
    """The bits of every slice while nothing is wrong."""
    with vigil.Client(endpoint) as client:
        return [bits(client.score(model, events[part])) for part in slices()]


class Job(threading.Thread):
    """Scores slice after slice with a client of its own until `finish`; `options` are its."""

    def __init__(self, endpoint, model, events, **options):
        super().__init__(daemon=True)
        self.endpoint = endpoint
        self.model = model
        self.events = events
        self.options = {"timeout": 60.0} | options
        self.stopping = threading.Event()
        # The number of the slice, and its bits or an error.
        self.answers = []

    @property
    def done(self):
        """Calls that have ended."""
        return len(self.answers)

    def calls(self):
        """Numbers and rows of the calls, round and round."""
        for number, part in itertools.cycle(enumerate(slices())):
            if self.stopping.is_set():
                return
            yield number, part

    def finish(self, expected, seconds):
        """Ends it; every call must have had its answer, bit for bit."""
        self.stopping.set()
        self.join(seconds)
        assert not self.is_alive(), f"a call is not over after {self.done} that are"
        errors = [answer for _, answer in self.answers if isinstance(answer, Exception)]
        assert not errors, f"{len(errors)} of {self.done} calls failed, first: {errors[0]!r}"
        wrong = [number for number, answer in self.answers if answer != expected[number]]
        assert not wrong, f"{len(wrong)} of {self.done} answers have other bits"


class BlockingJob(Job):
    """One call after the other."""

    def run(self):
        with vigil.Client(self.endpoint, **self.options) as client:
            for number, part in self.calls():
                try:
                    answer = bits(client.score(self.model, self.events[part]))
                except Exception as error:
                    answer = error
                self.answers.append((number, answer))
                time.sleep(0.01)


class AsyncJob(Job):
    """Several calls in flight over one connection."""

    FLIGHTS = 8

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        async with vigil.AsyncClient(self.endpoint, **self.options) as client:
            calls = self.calls()

            async def work():
                for number, part in calls:
                    try:
                        answer = bits(await client.score(self.model, self.events[part]))
                    except Exception as error:
                        answer = error
                    self.answers.append((number, answer))
                    await asyncio.sleep(0.05)

            await asyncio.gather(*(work() for _ in range(self.FLIGHTS)))


def under_load(jobs, expected, disturb, times=1):
    """Disturbs the jobs while they run; none of their calls may fail or change."""
    for job in jobs:
        job.start()
    for _ in range(times):
        ready_for_more(jobs)
        disturb()
    ready_for_more(jobs)
    for job, answers in zip(jobs, expected):
        job.finish(answers, PATIENCE)


def ready_for_more(jobs, calls=30):
    """Waits until each job has made that many calls more."""
    before = [job.done for job in jobs]
    wait_until(
        lambda: all(job.done >= count + calls for job, count in zip(jobs, before)), 2 * PATIENCE
    )
