"""The blocking client."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator, Mapping, Sequence, TypeVar

import zmq

from . import messages
from .answers import Scores
from .descriptions import Calibrations, DaemonStatus, Model, Truths
from .drift import Monitoring
from .errors import BadReply, CannotConnect, ConnectionLost, NoReply, VigilError
from .link import connect, disconnect, ended, event_number, milliseconds
from .messages import Call, Reply, ScoreOptions
from .retry import Course
from .session import Session

Answer = TypeVar("Answer")

# One request is out at a time; the rest is room for those given up while unread.
_CAPACITY = 64


class Client:
    """Talks to vigild, one request at a time.

    Args:
        endpoint: as "tcp://host:5555", or several in order of preference. A client stays
            with the one that answered last.
        timeout: seconds that a call may take, retries included, when it names no deadline.
        retries: sends of one request after the first; see `RetryPolicy`.
        attempt_timeout: seconds to wait for one reply before the request is sent again, or
            None (default) to wait until the deadline or a lost connection.

    Connects at the first call. Not thread-safe: one client a thread (a second thread gets
    RuntimeError, never a wrong answer). After a fork, make a new one in the child.
    """

    def __init__(
        self,
        endpoint: str | Sequence[str],
        *,
        timeout: float = 30.0,
        retries: int = 4,
        attempt_timeout: float | None = None,
    ) -> None:
        self._session = Session(endpoint, timeout, retries, attempt_timeout)
        self._context: zmq.Context[Any] = zmq.Context()
        self._links: dict[int, _Link] = {}
        self._in_use = threading.Lock()
        self._process = os.getpid()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections at once. Harmless when repeated."""
        if self._context.closed or self._process != os.getpid():
            return
        with self._exclusively():
            for link in self._links.values():
                link.close()
            self._links.clear()
            self._context.destroy(linger=0)

    def score(
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
        """Scores events.

        Args:
            model: name of the model.
            values: array of shape (events, ...), if the model has one input; else a dict of
                them by input name. An input of varying length is a pair (content,
                row_splits) or a list of one array an event. Converted to the model's type
                where nothing that matters is lost.
            coverage: probability that an interval holds the truth, inside (0, 1).
            prior: probability of class 1 where the events come from, inside (0, 1).
            deadline: seconds that the call may take; the daemon is told what is left.
            priority: "TRIGGER", "STANDARD" or "BULK"; by default STANDARD, or BULK with
                `attributions`, which are made at no other.
            version: version of the model, if not the one that is served.
            columns: values by name, one an event, for calibration bins and weights.
            raw: the artefact's own outputs, without calibration.
            outputs: raw outputs wanted by name, beside the answer (with `raw`, the only).
            stream: the data stream that the events belong to.
            seed: anything randomised is a function of this seed and the event's id.
            event_ids: integers, shape (events,).
            attributions: also what made each score, as the model's manifest says. It may
                take long: `models(name)[0].explanation` says how long and how long it may.

        Raises:
            VigilError: a subclass that says why there are no scores.
            ValueError: the arguments cannot be sent.
        """
        options = ScoreOptions(
            coverage=coverage, prior=prior, priority=priority, version=version,
            columns=columns, raw=raw, outputs=outputs, stream=stream, seed=seed,
            event_ids=event_ids, attributions=attributions,
        )  # fmt: skip
        with self._exclusively():
            ends = self._session.ends(deadline)
            known = self._session.descriptions
            described = known.find(model, version)
            if described is None:
                described = self._run(messages.describe(model, version), ends)
                known.keep(model, version, described)
            try:
                return self._run(messages.score(described, values, options), ends)
            except (VigilError, ValueError) as error:
                known.learn_from(error, model, version)
                raise

    def truth(
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
        """Sends true values of events; all are taken, or none.

        Args:
            model: name of the model.
            truths: true values by truth column, one an event.
            values: the events, as for `score`: the daemon scores them for it.
            event_ids: instead, ids of events that were scored with them a short time ago; beside
                `values` where the model's sets are drawn by event, as for `score`.
            columns: values by name for calibration bins, with `values`.
            stream: the data stream that the events belong to, as when they were scored.
            seed: of sets drawn by event, with `values`, as for `score`.
        """
        with self._exclusively():
            ends = self._session.ends(None)
            described = self._run(messages.describe(model, None), ends)
            call = messages.truth(described, truths, values, columns, event_ids, stream, seed)
            return self._run(call, ends)

    def calibrations(self, model: str, use: str | None = None) -> Calibrations:
        """The calibrations of a model that takes truths; `use` is an id to answer by from now on."""
        return self._call(messages.calibrations(model, use))

    def status(self) -> DaemonStatus:
        """What the daemon is and how it fares."""
        return self._call(messages.status())

    def models(self, name: str | None = None) -> list[Model]:
        """Every version of every model, or of one."""
        return self._call(messages.models(name))

    def reload(self) -> list[str]:
        """Has the model folder read again; one line for everything that changed or failed."""
        changes = self._call(messages.reload())
        self._session.descriptions.clear()
        return changes

    def monitoring(self, name: str | None = None) -> list[Monitoring]:
        """How events compare with references, of every version or of one model's."""
        return self._call(messages.monitoring(name))

    def _call(self, call: Call[Answer]) -> Answer:
        with self._exclusively():
            return self._run(call, self._session.ends(None))

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        if self._process != os.getpid():
            raise RuntimeError("a Client does not outlive a fork: make one in the child")
        if not self._in_use.acquire(blocking=False):
            raise RuntimeError("a Client serves one thread at a time: make one a thread")
        try:
            if self._context.closed:
                raise RuntimeError("the Client is closed")
            yield
        finally:
            self._in_use.release()

    def _run(self, call: Call[Answer], ends: float) -> Answer:
        course = self._session.course(ends)
        while True:
            course.begin()
            try:
                answer = self._attempt(course, call)
            except VigilError as error:
                pause = course.after(error)
            else:
                self._session.preferred = course.endpoint
                return answer
            time.sleep(pause)

    def _attempt(self, course: Course, call: Call[Answer]) -> Answer:
        link = self._link(course.endpoint)
        id = self._session.next_id()
        try:
            link.send(call.parts(id, course.remaining()))
            while True:
                reply = link.receive(course)
                if reply.id is None:
                    reply.raise_unaddressed()
                if reply.id == id:
                    return call.answer(reply)
                if course.remaining() <= 0:
                    raise link.silence()
        except VigilError:
            raise
        except BaseException:
            # Interrupted, perhaps between the frames of a message.
            link.is_broken = True
            raise

    def _link(self, index: int) -> _Link:
        link = self._links.get(index)
        if link is not None and link.is_stale():
            del self._links[index]
            link.close()
            link = None
        if link is None:
            link = self._links[index] = _Link(self._context, self._session.endpoints[index])
        return link


class _Link:
    """A connection to one endpoint.

    Attributes:
        is_broken: whether the connection must not be used again.
    """

    def __init__(self, context: zmq.Context[Any], endpoint: str) -> None:
        self._endpoint = endpoint
        self._socket, self._monitor = connect(context, endpoint, _CAPACITY)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._is_connected = False
        self._loss: VigilError | None = None
        self.is_broken = False

    def close(self) -> None:
        disconnect(self._socket, self._monitor)

    def is_stale(self) -> bool:
        """Whether the connection is broken or was lost while nobody looked."""
        self._watch()
        return self.is_broken or self._loss is not None

    def send(self, parts: Sequence[Any]) -> None:
        try:
            self._socket.send_multipart(parts, zmq.NOBLOCK, copy=False)
        except zmq.Again:
            self.is_broken = True
            raise ConnectionLost(f"{self._endpoint} reads nothing any more") from None

    def receive(self, course: Course) -> Reply:
        """The next reply; raises NoReply, ConnectionLost or BadReply when there is none."""
        # Replies first: one may have come just before the connection was lost.
        while not self._socket.poll(0):
            if self._loss is not None:
                self.is_broken = True
                raise self._loss
            if not self._poller.poll(milliseconds(course.remaining())):
                raise self.silence()
            self._watch()
        try:
            return messages.open_reply(self._socket.recv_multipart(copy=False))
        except BadReply:
            self.is_broken = True
            raise

    def silence(self) -> VigilError:
        """Why there is no reply although the time is over."""
        if self._is_connected:
            return NoReply(f"no reply from {self._endpoint} in time")
        self.is_broken = True
        return CannotConnect(f"no connection to {self._endpoint} in time")

    def _watch(self) -> None:
        """Reads what the monitor has told since."""
        while self._monitor.poll(0):
            event = event_number(self._monitor.recv_multipart())
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._is_connected = True
            elif self._loss is None:
                self._loss = ended(event, self._is_connected, self._endpoint)
