"""The client for asyncio."""

from __future__ import annotations

import asyncio
import copy
from typing import Any, Mapping, Sequence, TypeVar

import zmq
import zmq.asyncio

from . import messages
from .answers import Scores
from .descriptions import Calibrations, DaemonStatus, Model, Truths
from .drift import Monitoring
from .errors import CannotConnect, ConnectionLost, NoReply, VigilError
from .link import connect, disconnect, ended, event_number
from .messages import Call, Reply, ScoreOptions
from .retry import Course
from .session import Session

Answer = TypeVar("Answer")


class AsyncClient:
    """Talks to vigild from an event loop, with many requests in flight.

    Requests share one connection an endpoint and are answered in any order. The methods
    are those of `Client`, as coroutines; cancelling one abandons its request only.

    Args:
        endpoint, timeout, retries, attempt_timeout: as for `Client`.
        max_in_flight: requests that are out at once; further ones wait their turn within
            their deadline.

    Belongs to the event loop of its first call.
    """

    def __init__(
        self,
        endpoint: str | Sequence[str],
        *,
        timeout: float = 30.0,
        retries: int = 4,
        attempt_timeout: float | None = None,
        max_in_flight: int = 256,
    ) -> None:
        if max_in_flight < 1:
            raise ValueError(f"max_in_flight: {max_in_flight} is less than 1")
        self._session = Session(endpoint, timeout, retries, attempt_timeout)
        self._context = zmq.asyncio.Context()
        self._links: dict[int, _Link] = {}
        self._max_in_flight = max_in_flight
        self._slots = asyncio.Semaphore(max_in_flight)
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections at once; calls in flight fail. Harmless when repeated."""
        self._is_closed = True
        links = list(self._links.values())
        self._links.clear()
        for link in links:
            link.end(ConnectionLost("the AsyncClient is closed"))
        await asyncio.gather(
            *(task for link in links for task in link.tasks), return_exceptions=True
        )
        self._context.destroy(linger=0)

    async def score(
        self,
        model: str,
        values: Any,
        *,
        coverage: float | None = None,
        prior: float | None = None,
        deadline: float | None = None,
        priority: str | None = None,
        version: str | None = None,
        columns: Mapping[str, Any] | None = None,
        raw: bool = False,
        outputs: Sequence[str] = (),
        stream: str | None = None,
        seed: int | None = None,
        event_ids: Any = None,
        attributions: bool = False,
    ) -> Scores:
        """Scores events; see `Client.score`."""
        options = ScoreOptions(
            coverage=coverage, prior=prior, priority=priority, version=version,
            columns=columns, raw=raw, outputs=outputs, stream=stream, seed=seed,
            event_ids=event_ids, attributions=attributions,
        )  # fmt: skip
        ends = self._session.ends(deadline)
        known = self._session.descriptions
        described = known.find(model, version)
        if described is None:
            described = await self._run(messages.describe(model, version), ends)
            known.keep(model, version, described)
        try:
            return await self._run(messages.score(described, values, options), ends)
        except (VigilError, ValueError) as error:
            known.learn_from(error, model, version)
            raise

    async def truth(
        self,
        model: str,
        truths: Mapping[str, Any],
        values: Any = None,
        *,
        event_ids: Any = None,
        columns: Mapping[str, Any] | None = None,
        stream: str | None = None,
        seed: int | None = None,
    ) -> Truths:
        """Sends true values of events; see `Client.truth`."""
        ends = self._session.ends(None)
        described = await self._run(messages.describe(model, None), ends)
        call = messages.truth(described, truths, values, columns, event_ids, stream, seed)
        return await self._run(call, ends)

    async def calibrations(self, model: str, use: str | None = None) -> Calibrations:
        """The calibrations of a model that takes truths; see `Client.calibrations`."""
        return await self._run(messages.calibrations(model, use), self._session.ends(None))

    async def status(self) -> DaemonStatus:
        """What the daemon is and how it fares."""
        return await self._run(messages.status(), self._session.ends(None))

    async def models(self, name: str | None = None) -> list[Model]:
        """Every version of every model, or of one."""
        return await self._run(messages.models(name), self._session.ends(None))

    async def reload(self) -> list[str]:
        """Has the model folder read again; one line for everything that changed or failed."""
        changes = await self._run(messages.reload(), self._session.ends(None))
        self._session.descriptions.clear()
        return changes

    async def monitoring(self, name: str | None = None) -> list[Monitoring]:
        """How events compare with references, of every version or of one model's."""
        return await self._run(messages.monitoring(name), self._session.ends(None))

    async def _run(self, call: Call[Answer], ends: float) -> Answer:
        self._check()
        course = self._session.course(ends)
        await self._take_slot(course)
        try:
            while True:
                course.begin()
                try:
                    answer = await self._attempt(course, call)
                except VigilError as error:
                    pause = course.after(error)
                else:
                    self._session.preferred = course.endpoint
                    return answer
                await asyncio.sleep(pause)
        finally:
            self._slots.release()

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise RuntimeError("an AsyncClient belongs to one event loop: make one in each")
        if self._is_closed:
            raise RuntimeError("the AsyncClient is closed")

    async def _take_slot(self, course: Course) -> None:
        try:
            await asyncio.wait_for(self._slots.acquire(), course.remaining())
        except asyncio.TimeoutError:
            raise NoReply(f"{self._max_in_flight} requests were in flight all the time") from None

    async def _attempt(self, course: Course, call: Call[Answer]) -> Answer:
        link = self._link(course.endpoint)
        id = self._session.next_id()
        return call.answer(await link.exchange(id, call.parts(id, course.remaining()), course))

    def _link(self, index: int) -> _Link:
        self._check()
        link = self._links.get(index)
        if link is None or link.is_ended:
            link = self._links[index] = _Link(
                self._context, self._session.endpoints[index], 2 * self._max_in_flight
            )
        return link


class _Link:
    """A connection to one endpoint, shared by the requests in flight.

    Attributes:
        tasks: what reads the replies and what watches the connection; `end` ends them.
        is_ended: whether the connection must not be used again.
    """

    def __init__(self, context: zmq.asyncio.Context, endpoint: str, capacity: int) -> None:
        self._endpoint = endpoint
        self._socket, self._monitor = connect(context, endpoint, capacity)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._is_connected = False
        self.is_ended = False
        self.tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._watch())]
        for task in self.tasks:
            task.add_done_callback(self._task_ended)

    async def exchange(self, id: int, parts: Sequence[Any], course: Course) -> Reply:
        """Sends a request and waits for the reply of its id."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[id] = reply
        try:
            await self._send(parts)
            await asyncio.wait({reply}, timeout=max(course.remaining(), 0.0))
            if reply.done():
                return reply.result()
            if self._is_connected:
                raise NoReply(f"no reply from {self._endpoint} in time")
            raise CannotConnect(f"no connection to {self._endpoint} in time")
        finally:
            self._waiting.pop(id, None)
            # An error that nobody waits for any more is no news for the log.
            if reply.done() and not reply.cancelled():
                reply.exception()

    def end(self, error: VigilError) -> None:
        """Closes the connection; every request that waits on it fails with the error."""
        if self.is_ended:
            return
        self.is_ended = True
        for reply in self._waiting.values():
            if not reply.done():
                # Each waiter its own, for it collects a traceback and a count.
                reply.set_exception(copy.copy(error))
        for task in self.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        disconnect(self._socket, self._monitor)

    async def _send(self, parts: Sequence[Any]) -> None:
        try:
            # Complete at once: the queue holds more than may be in flight.
            await self._socket.send_multipart(parts, zmq.NOBLOCK, copy=False)
        except zmq.Again:
            error = ConnectionLost(f"{self._endpoint} reads nothing any more")
            self.end(error)
            raise error from None

    async def _read(self) -> None:
        while not self.is_ended:
            self._deliver(await self._socket.recv_multipart(copy=False))

    async def _watch(self) -> None:
        while not self.is_ended:
            event = event_number(await self._monitor.recv_multipart())
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._is_connected = True
                continue
            loss = ended(event, self._is_connected, self._endpoint)
            if loss is not None:
                self._deliver_rest()
                self.end(loss)

    def _deliver_rest(self) -> None:
        """Replies that came just before the connection was lost."""
        while not self.is_ended:
            received = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            if isinstance(received.exception(), zmq.Again):
                return
            self._deliver(received.result())

    def _deliver(self, frames: Sequence[Any]) -> None:
        try:
            reply = messages.open_reply(frames)
            if reply.id is None:
                # Nobody knows which request it is about.
                reply.raise_unaddressed()
        except VigilError as error:
            self.end(error)
            return
        waiting = self._waiting.get(reply.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.end(ConnectionLost(f"{self._endpoint}: {task.exception()!r}"))
