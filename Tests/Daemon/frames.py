"""Raw frames for tests: protobuf headers, tensor frames and a bare DEALER, without the client."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import zmq

from daemon import MODELS
from vigil import vigil_pb2 as wire

# Longest wait for anything that ought to be quick, seconds; generous for loaded machines.
PATIENCE = 30.0
FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
TYPES = {
    "<f4": wire.FLOAT32, "<f8": wire.FLOAT64, "<i4": wire.INT32, "<i8": wire.INT64,
    "<u8": wire.UINT64, "<f2": wire.FLOAT16, "<u2": wire.UINT16,
}  # fmt: skip


class Message:
    """A request and the tensor frames behind its header."""

    def __init__(self, id=1):
        self.request = wire.Request(id=id)
        self.score = self.request.score
        self.tensors = []

    def place(self, tensor, array, framed=False, dtype="<f4", **fields):
        """Fills a tensor; `fields` replace what would be right. `None` leaves one out."""
        array = np.ascontiguousarray(array, dtype)
        tensor.type = TYPES[dtype]
        tensor.shape[:] = array.shape
        if framed:
            self.tensors.append(array.tobytes())
            tensor.frame = len(self.tensors)
        else:
            tensor.data = array.tobytes()
        for name, value in fields.items():
            if value is None:
                tensor.ClearField(name)
            elif name == "shape":
                tensor.shape[:] = value
            else:
                setattr(tensor, name, value)
        return self

    def input(self, name, array, **options):
        """Adds an input."""
        return self.place(self.score.inputs.add(name=name), array, **options)

    def column(self, name, array, **options):
        """Adds a column."""
        return self.place(self.score.columns.add(name=name), array, **options)

    def event_ids(self, array, **options):
        """Sets the ids of the events."""
        return self.place(self.score.event_ids, array, dtype=array.dtype.str, **options)

    @property
    def frames(self):
        """The multipart message."""
        return [self.request.SerializeToString(), *self.tensors]


def message(model, name=None, array=None, id=1, framed=False, **options):
    """A score request; without `array` it has no input yet."""
    made = Message(id)
    made.score.SetInParent()
    if model is not None:
        made.score.model = model
    for key, value in options.items():
        if isinstance(value, (list, tuple)):
            getattr(made.score, key).extend(value)
        else:
            setattr(made.score, key, value)
    return made if array is None else made.input(name, array, framed=framed)


def control(kind, id=1, **fields):
    """The header of a request without tensors."""
    request = wire.Request(id=id)
    getattr(request, kind).SetInParent()
    for key, value in fields.items():
        setattr(getattr(request, kind), key, value)
    return [request.SerializeToString()]


def varint(value):
    """The bytes of a number in protobuf."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def delimited(tag, content):
    """A protobuf field with a length."""
    return bytes([tag]) + varint(len(content)) + content


class Reply:
    """A reply as it came."""

    def __init__(self, frames):
        self.frames = frames
        self.has_delimiter = len(frames) > 1 and frames[0] == b""
        body = frames[1:] if self.has_delimiter else frames
        self.message = wire.Reply.FromString(body[0])
        self.tensors = body[1:]
        self.id = self.message.id
        self.status = self.message.status
        self.code = wire.Code.Name(self.status.code)

    def array(self, tensor):
        """A tensor's values, wherever its bytes are."""
        kind = {number: dtype for dtype, number in TYPES.items()} | {wire.UINT8: "u1"}
        data = self.tensors[tensor.frame - 1] if tensor.HasField("frame") else tensor.data
        return np.frombuffer(data, kind[tensor.type]).reshape(tuple(tensor.shape))

    def output(self, name, part="value"):
        """One part of the first output of that name."""
        entry = next(entry for entry in self.message.score.outputs if entry.name == name)
        return self.array(getattr(entry, part)) if entry.HasField(part) else None

    def tensors_by_name(self):
        """Every array of the answer."""
        score, found = self.message.score, {}
        for index, entry in enumerate(score.outputs):
            for part in ("value", "lower", "upper", "flags"):
                if entry.HasField(part):
                    found[index, entry.name, part] = self.array(getattr(entry, part))
        for entry in score.p_values:
            found["p", entry.name] = self.array(entry.value)
        if score.HasField("log_likelihood_ratio"):
            found["ratio"] = self.array(score.log_likelihood_ratio)
        return found

    def bits(self, rows=slice(None)):
        """The bits of every array but the flags, of some rows."""
        assert self.code == "OK", self.status
        found = self.tensors_by_name()
        assert found
        return {key: value[rows].tobytes() for key, value in found.items() if "flags" not in key}


class Peer:
    """A bare DEALER (or another type) connected to an endpoint."""

    def __init__(self, endpoint, kind=zmq.DEALER):
        self._context = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 100_000
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.destroy(linger=0)

    def send(self, frames):
        """Sends a Message or a list of frames."""
        self.socket.send_multipart(getattr(frames, "frames", frames))

    def receive(self, seconds=PATIENCE):
        """The next reply, or None."""
        if not self.socket.poll(int(seconds * 1000)):
            return None
        return Reply(self.socket.recv_multipart())

    def ask(self, frames, seconds=PATIENCE):
        """The reply to one request; earlier ones must have been taken."""
        self.send(frames)
        reply = self.receive(seconds)
        assert reply is not None, "no reply"
        return reply

    def take(self, count, seconds=PATIENCE):
        """That many replies by id."""
        replies = {}
        while len(replies) < count:
            reply = self.receive(seconds)
            assert reply is not None, f"{len(replies)} of {count} replies came"
            assert reply.id not in replies
            replies[reply.id] = reply
        return replies


@contextmanager
def watched(daemon, known):
    """A Peer; afterwards the same daemon still answers `known` on it, bit for bit."""
    process = daemon.process.pid
    with Peer(daemon.endpoint) as peer:
        bits = peer.ask(known).bits()
        yield peer
        known.request.id = 2**64 - 1
        reply = peer.ask(known)
        assert reply.id == 2**64 - 1
        assert reply.bits() == bits
        assert daemon.process.poll() is None and daemon.process.pid == process


def refused(reply, code, field, *parts, row=None, near=()):
    """Asserts a refusal: code, field, what the message says, the row, the near names.

    A text of `parts` must stand in the message as whole words.
    """
    status = reply.status
    assert (reply.code, status.field) == (code, field), status
    for part in parts:
        assert re.search(rf"(?<![\w.]){re.escape(part)}(?!\w)", status.message), (part, status)
    assert (status.row if status.HasField("row") else None) == row, status
    assert list(status.near) == list(near), status
    assert not reply.tensors and reply.message.WhichOneof("kind") is None


def variant(folder: Path, source: str, name: str, *edits: tuple[str, str], calibrated=True):
    """A copy of a reference model under another name, with texts of its manifest replaced.

    Its calibration is renamed with it, or left out; so is what explanations compare with. The folder
    of the version is returned.
    """
    (folder / name / "1").mkdir(parents=True)
    text = (MODELS / source / "model.yaml").read_text()
    for old, new in ((f"name: {source}", f"name: {name}"), *edits):
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / name / "model.yaml").write_text(text)
    for path in (MODELS / source / "1").iterdir():
        if not path.name.startswith(("calibration", "background")):
            (folder / name / "1" / path.name).write_bytes(path.read_bytes())
        elif calibrated or path.name.startswith("background"):
            text = path.read_text()
            pattern = rf'("model"\s*:\s*)"{source}"'
            text, count = re.subn(pattern, rf'\1"{name}"', text, count=1)
            assert count == 1
            (folder / name / "1" / path.name).write_text(text)
    return folder / name / "1"


def edit_calibration(version, edit):
    """Changes the calibration file beside an artefact."""
    (path,) = version.glob("calibration*.json")
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
