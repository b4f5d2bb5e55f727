"""A server that speaks the protocol, for tests: a ROUTER on a thread, told what to answer."""

from __future__ import annotations

import queue
import threading
from typing import Any, Callable, Sequence

import numpy as np
import zmq

import vigil
from vigil.wire import wire

#: What a handler gets: the request and its frames, header first. What it gives: one reply
#: of frames, several replies, or None to stay silent.
Handler = Callable[[Any, Sequence[bytes]], Any]

#: Longest that a test waits for something that will happen.
PATIENCE = 20.0


class FakeServer:
    """Answers every request by `handler`; `seen` collects the requests in order.

    Args:
        handler: for score requests; models queries are answered with `models`.
        models: ModelDescription messages.
        port: port to bind again, or 0 for a free one.
    """

    def __init__(
        self, handler: Handler, models: Sequence[Any] | None = None, port: int = 0
    ) -> None:
        self.handler = handler
        self.models = [feature_model()] if models is None else list(models)
        self.seen: queue.Queue[tuple[Any, list[bytes]]] = queue.Queue()
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.linger = 0
        if port:
            self._router.bind(f"tcp://127.0.0.1:{port}")
        else:
            port = self._router.bind_to_random_port("tcp://127.0.0.1")
        self.port = port
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self._stop = self._context.socket(zmq.PAIR)
        self._stopped = self._context.socket(zmq.PAIR)
        self._stopped.bind("inproc://stop")
        self._stop.connect("inproc://stop")
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Closes the socket, whatever was asked."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._stop.send(b"")
            self._thread.join()
        self._stop.close(0)
        self._context.destroy(linger=0)

    def score_requests(self, count: int) -> list[Any]:
        """The next score requests that arrived; waits for them."""
        return [self.seen.get(timeout=PATIENCE)[0] for _ in range(count)]

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._stopped, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._stopped in ready:
                break
            client, *frames = self._router.recv_multipart()
            request = wire.Request.FromString(frames[0])
            kind = request.WhichOneof("kind")
            if kind == "models":
                replies = [self._described(request)]
            else:
                self.seen.put((request, frames))
                try:
                    answered = self.handler(request, frames)
                except Killed:
                    break
                several = isinstance(answered, tuple)
                replies = answered if several else [] if answered is None else [answered]
            for reply in replies:
                self._router.send_multipart([client, *reply])
        self._router.close(0)
        self._stopped.close(0)

    def _described(self, request: Any) -> list[bytes]:
        reply = ok(request)
        name = request.models.model
        reply.models.models.extend(entry for entry in self.models if name in ("", entry.name))
        if name and not reply.models.models:
            return refusal(request, wire.NOT_FOUND, f"no model '{name}'", near=["position-cnn"])
        reply.models.SetInParent()
        return [reply.SerializeToString()]


class Killed(Exception):
    """Raised by a handler: the server goes away without an answer."""


def feature_model(name: str = "m", type: int = wire.FLOAT32, ragged: int = 0) -> Any:
    """A model of one input "features" of five components, or of one ragged input "hits"."""
    model = wire.ModelDescription(name=name, version="1", state="serving", task="regression")
    if ragged:
        model.inputs.add(name="hits", type=type, shape=[ragged, 2], ragged_maximum=ragged)
    else:
        model.inputs.add(name="features", type=type, shape=[5])
    return model


def ok(request: Any) -> Any:
    """A reply to fill in."""
    reply = wire.Reply(id=request.id)
    reply.status.code = wire.OK
    return reply


def refusal(request: Any, code: int, message: str = "no", **fields: Any) -> list[bytes]:
    """A reply that refuses."""
    reply = wire.Reply(id=request.id)
    reply.status.MergeFrom(wire.Status(code=code, message=message, **fields))
    return [reply.SerializeToString()]


def content(tensor: Any, frames: Sequence[bytes], dtype: str = "<f4") -> np.ndarray:
    """A tensor of a request."""
    data = frames[tensor.frame] if tensor.HasField("frame") else tensor.data
    return np.frombuffer(data, dtype).reshape(tuple(tensor.shape))


def splits(tensor: Any, frames: Sequence[bytes]) -> np.ndarray:
    """Row splits of a ragged tensor."""
    framed = tensor.HasField("row_splits_frame")
    return np.frombuffer(frames[tensor.row_splits_frame] if framed else tensor.row_splits, "<i8")


def put(message: Any, array: np.ndarray, frames: list[bytes] | None) -> None:
    """Fills a tensor of a reply, in the header or as a further frame."""
    array = np.ascontiguousarray(array)
    message.type = {"f4": wire.FLOAT32, "f8": wire.FLOAT64, "u1": wire.UINT8}[array.dtype.str[1:]]
    message.shape.extend(array.shape)
    if frames is None:
        message.data = array.tobytes()
    else:
        frames.append(array.tobytes())
        message.frame = len(frames)


def sums(request: Any, frames: Sequence[bytes]) -> list[bytes]:
    """Answers each event with the sum of its features, ±1, placed as the request was."""
    features = request.score.inputs[0]
    return answered(request, content(features, frames).sum(axis=1), features.HasField("frame"))


def answered(request: Any, value: np.ndarray, framed: bool) -> list[bytes]:
    """A complete answer: interval, flags, two p-values, ratio, provenance, timing."""
    reply = ok(request)
    frames: list[bytes] | None = [] if framed else None
    output = reply.score.outputs.add(name="sum", unit="keV", coverage=0.9, method="cqr")
    one = np.float32(1)
    put(output.value, value, frames)
    put(output.lower, value - one, frames)
    put(output.upper, value + one, frames)
    put(output.flags, (value > 100).astype("u1"), frames)
    for name in ("ER", "NR"):
        put(reply.score.p_values.add(name=name, method="conformal").value, value / 2, frames)
    put(reply.score.log_likelihood_ratio, -value, frames)
    source = reply.score.provenance
    source.model, source.version, source.digest = request.score.model, "1", "sha256:00"
    bins = source.bins.add(output="sum", events=[10, 20])
    bins.axes.add(source="request", name="energy", edges=[1.5])
    reply.score.timing.batch = len(value)
    return [reply.SerializeToString(), *(frames or [])]


SMALL = np.arange(10, dtype="f4").reshape(2, 5)
LARGE = np.arange(5000, dtype="f4").reshape(1000, 5)


def asked_once(server, values=SMALL, model="m", **options):
    """Scores once and returns the scores and the request as the server saw it."""
    with vigil.Client(server.endpoint, timeout=PATIENCE) as client:
        scores = client.score(model, values, **options)
    request, frames = server.seen.get(timeout=PATIENCE)
    return scores, request.score, frames
