"""Requests as they leave and replies as they arrive. No input or output here.

A `Call` knows how to write one request for an attempt and how to read its answer; both
clients send calls and know nothing of what is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Generic, Mapping, NoReturn, Sequence, TypeVar

from google.protobuf.message import DecodeError

from . import answers, descriptions, drift, tensors
from .answers import Scores
from .descriptions import Calibrations, DaemonStatus, Model, Truths
from .drift import Monitoring
from .errors import BadReply, InvalidRequest, NotFound, Unavailable, Unsupported, refusal
from .tensors import Buffer
from .wire import wire

Answer = TypeVar("Answer")

#: Most frames of a reply; a daemon sends far fewer.
MAXIMUM_REPLY_FRAMES = 256


@dataclass(frozen=True)
class Reply:
    """A reply whose header could be read.

    Attributes:
        id: id of the request that it answers, or None when the daemon could not read one.
        message: the wire Reply.
        frames: every frame, header first.
    """

    id: int | None
    message: Any
    frames: Sequence[Any]

    def content(self, kind: str) -> Any:
        """The answer of this kind; raises the refusal, or BadReply when there is neither."""
        status = self.message.status
        answers_kind = self.message.WhichOneof("kind")
        if status.HasField("code"):
            if status.code != wire.OK:
                raise refusal(status)
        elif answers_kind is None:
            # A code younger than this client reads as none.
            raise BadReply(f"a refusal of unknown kind: {status.message!r}", field="status.code")
        if answers_kind != kind:
            raise BadReply(f"the reply holds {answers_kind or 'nothing'}, not {kind}", field=kind)
        return getattr(self.message, kind)

    def raise_unaddressed(self) -> NoReturn:
        """For a reply without an id: the daemon could not read a request. Always raises."""
        if self.message.status.code != wire.OK:
            raise refusal(self.message.status)
        raise BadReply("a reply without an id", field="id")


def open_reply(frames: Sequence[Any]) -> Reply:
    """A reply from the frames of one message; BadReply when the header is garbage."""
    if len(frames) > MAXIMUM_REPLY_FRAMES:
        raise BadReply(f"a reply of {len(frames)} frames; {MAXIMUM_REPLY_FRAMES} are allowed")
    header = memoryview(frames[0]).tobytes()
    try:
        message = wire.Reply.FromString(header)
    except DecodeError as error:
        raise BadReply(f"a header of {len(header)} bytes is no Reply: {error}") from error
    return Reply(message.id if message.HasField("id") else None, message, frames)


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request.

    Attributes:
        request: the wire Request, complete but for id and deadline. It belongs to the call.
        frames: tensor frames that follow the header.
        kind: which answer is expected, as the field of the wire Reply.
        read: the answer from the wire message of that kind and all frames of the reply.
    """

    request: Any
    kind: str
    read: Callable[[Any, Sequence[Any]], Answer]
    frames: Sequence[Buffer] = ()

    def parts(self, id: int, remaining: float) -> list[Buffer]:
        """The multipart message of an attempt with `remaining` seconds left."""
        self.request.id = id
        if self.request.WhichOneof("kind") == "score":
            self.request.score.deadline_microseconds = max(int(remaining * 1e6), 1)
        return [self.request.SerializeToString(), *self.frames]

    def answer(self, reply: Reply) -> Answer:
        """The answer; raises the daemon's refusal, or BadReply."""
        return self.read(reply.content(self.kind), reply.frames)


def status() -> Call[DaemonStatus]:
    """Asks what the daemon is and how it fares."""
    request = wire.Request()
    request.status.SetInParent()
    return Call(request, "daemon", lambda message, _: descriptions.daemon_status(message))


def monitoring(name: str | None) -> Call[list[Monitoring]]:
    """Asks how events compare with references."""
    request = wire.Request()
    request.monitoring.SetInParent()
    if name is not None:
        request.monitoring.model = name
    return Call(
        request, "monitoring", lambda message, _: [drift.monitoring(m) for m in message.models]
    )


def models(name: str | None) -> Call[list[Model]]:
    """Asks which models there are."""
    request = wire.Request()
    request.models.SetInParent()
    if name is not None:
        request.models.model = name
    return Call(request, "models", lambda message, _: list(map(descriptions.model, message.models)))


def reload() -> Call[list[str]]:
    """Has the model folder read again."""
    request = wire.Request()
    request.reload.SetInParent()
    return Call(request, "reload", lambda message, _: list(message.changes))


def truth(
    model: Model,
    truths: Mapping[str, Any],
    values: Any,
    columns: Mapping[str, Any] | None,
    event_ids: Any,
    stream: str | None,
    seed: int | None,
) -> Call[Truths]:
    """Sends true values of events, which come with them or are named by their ids."""
    request = wire.Request()
    message = request.truth
    message.model = model.name
    if stream is not None:
        message.stream = stream
    if seed is not None:
        message.seed = seed
    placed = []
    if values is not None:
        placed += [(message.inputs.add(), tensor) for tensor in _inputs(model, values)]
    for name, value in (columns or {}).items():
        placed.append((message.columns.add(), tensors.column(name, value)))
    for name, value in truths.items():
        placed.append((message.truths.add(), tensors.column(name, value)))
    if event_ids is not None:
        placed.append((message.event_ids, tensors.event_ids(event_ids)))
    frames = tensors.place(placed)
    return Call(request, "truth", lambda reply, _: descriptions.truths(reply), frames)


def calibrations(model: str, use: str | None) -> Call[Calibrations]:
    """Asks for the calibrations of a model that takes truths."""
    request = wire.Request()
    request.calibrations.model = model
    if use is not None:
        request.calibrations.use = use
    return Call(request, "calibrations", lambda reply, _: descriptions.calibrations(reply))


def describe(name: str, version: str | None) -> Call[Model]:
    """Asks for the one version that a score request would meet."""
    return Call(models(name).request, "models", lambda message, _: _chosen(message, name, version))


def _chosen(message: Any, name: str, version: str | None) -> Model:
    known = [entry for entry in map(descriptions.model, message.models) if entry.name == name]
    if not known:
        raise NotFound(f"no model {name!r}", field="model")
    if version is not None:
        known = [entry for entry in known if entry.version == version]
        if not known:
            raise NotFound(f"{name!r} has no version {version!r}", field="version")
    for entry in known:
        if entry.state == "serving":
            return entry
    raise Unavailable(
        f"{name!r} is {known[0].state}: {'; '.join(known[0].reasons) or 'no reason given'}",
        field="model",
    )


@dataclass(frozen=True)
class ScoreOptions:
    """What a score request says beside its model and events; see `Client.score`."""

    coverage: float | None = None
    prior: float | None = None
    priority: str | None = None
    version: str | None = None
    columns: Mapping[str, Any] | None = None
    raw: bool = False
    outputs: Sequence[str] = field(default=())
    stream: str | None = None
    seed: int | None = None
    event_ids: Any = None
    attributions: bool = False


def score(model: Model, values: Any, options: ScoreOptions) -> Call[Scores]:
    """Asks for scores of events.

    Args:
        model: the model as the daemon describes it.
        values: a mapping from input names to values, or the value of the only input.
        options: everything else.

    Raises ValueError or TypeError when the arguments cannot be sent.
    """
    request = wire.Request()
    message = request.score
    message.model = model.name
    for name in ("version", "coverage", "prior", "stream", "seed"):
        value = getattr(options, name)
        if value is not None:
            setattr(message, name, value)
    message.priority = _priority(
        options.priority or ("BULK" if options.attributions else "STANDARD")
    )
    if options.attributions:
        message.extras.append(wire.ATTRIBUTIONS)
    if options.raw:
        message.raw = True
    message.outputs.extend(
        [options.outputs] if isinstance(options.outputs, str) else options.outputs
    )

    placed = [(message.inputs.add(), tensor) for tensor in _inputs(model, values)]
    events = placed[0][1].events
    for name, value in (options.columns or {}).items():
        placed.append((message.columns.add(), tensors.column(name, value)))
    if options.event_ids is not None:
        placed.append((message.event_ids, tensors.event_ids(options.event_ids)))
    frames = tensors.place(placed)
    return Call(request, "score", lambda reply, parts: answers.scores(reply, parts, events), frames)


def _inputs(model: Model, values: Any) -> list[tensors.Named]:
    if not isinstance(values, Mapping):
        if len(model.inputs) != 1:
            names = ", ".join(entry.name for entry in model.inputs)
            raise ValueError(f"{model.name!r} has the inputs {names}: give a dict of arrays")
        values = {model.inputs[0].name: values}
    if not values:
        raise ValueError("no inputs: an empty dict")
    known = {entry.name: entry for entry in model.inputs}
    named = []
    for name, value in values.items():
        # A name that the model does not have travels as it is: the daemon says what is near.
        entry = known.get(name)
        type = None if entry is None else entry.type
        named.append(tensors.named(name, value, type, entry is not None and _is_ragged(entry)))
    return named


def _is_ragged(entry: descriptions.TensorDescription) -> bool:
    return entry.ragged_maximum > 0


def _priority(name: str) -> int:
    try:
        priority = wire.Priority.Value(name.upper())
    except ValueError:
        priority = wire.PRIORITY_UNKNOWN
    if priority == wire.PRIORITY_UNKNOWN:
        raise ValueError(f"priority: {name!r} is none of TRIGGER, STANDARD, BULK")
    return int(priority)


class Descriptions:
    """Models as the daemon last described them, by name and version asked for.

    Holds `CAPACITY` entries at most; the oldest goes first.
    """

    CAPACITY = 256

    def __init__(self) -> None:
        self._known: dict[tuple[str, str | None], Model] = {}

    def find(self, name: str, version: str | None) -> Model | None:
        """What is known of a model, or None."""
        return self._known.get((name, version))

    def keep(self, name: str, version: str | None, model: Model) -> None:
        """Remembers a description."""
        while len(self._known) >= self.CAPACITY:
            self._known.pop(next(iter(self._known)))
        self._known[name, version] = model

    def learn_from(self, error: Exception, name: str, version: str | None) -> None:
        """Forgets a description that an error may have proved old."""
        if isinstance(error, (InvalidRequest, NotFound, Unsupported, ValueError)):
            self._known.pop((name, version), None)

    def clear(self) -> None:
        """Forgets everything."""
        self._known.clear()
