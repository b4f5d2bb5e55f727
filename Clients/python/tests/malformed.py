"""Replies that break the protocol, by what is wrong with them."""

from fake import sums

from vigil.wire import wire


def broken(change):
    """Answers as `sums` does, in frames, after `change(reply, frames)`."""

    def handler(request, frames):
        header, *rest = sums(request, frames)
        reply = wire.Reply.FromString(header)
        changed = change(reply, rest)
        return [reply.SerializeToString(), *(rest if changed is None else changed)]

    return handler


def without_id(reply, rest):
    reply.ClearField("id")


def without_code(reply, rest):
    reply.status.Clear()
    reply.status.message = "odd"
    reply.ClearField("score")


def of_another_kind(reply, rest):
    reply.daemon.version = "1"


def of_wrong_rows(reply, rest):
    reply.score.outputs[0].value.shape[0] = 999
    rest[0] = rest[0][4:]


def value(**fields):
    def change(reply, rest):
        tensor = reply.score.outputs[0].value
        for name in fields:
            tensor.ClearField(name)
        tensor.MergeFrom(wire.Tensor(**{k: v for k, v in fields.items() if v is not None}))

    return change


MALFORMED = {
    "garbage": (lambda request, _: [b"\xff\xfe garbage"], "no Reply"),
    "nothing": (lambda request, _: [b""], "without an id"),
    "flood": (lambda request, _: [b""] * 300, "300 frames"),
    "no id": (broken(without_id), "without an id"),
    "no code": (broken(without_code), "unknown kind: 'odd'"),
    "other kind": (broken(of_another_kind), "daemon, not score"),
    "missing frames": (broken(lambda reply, rest: []), r"outputs\[0\].value.frame"),
    "short frame": (broken(lambda reply, rest: rest.__setitem__(0, b"abc")), "3 bytes where"),
    "wrong rows": (broken(of_wrong_rows), "999 events where 1000"),
    "frame 0": (broken(value(frame=0)), "frame 0"),
    "type": (broken(value(type=None)), "unknown element type"),
    "negative": (broken(value(shape=[-1])), "not a shape"),
    "rank": (broken(value(shape=[])), "not a shape"),
    "huge": (broken(value(shape=[2**62, 2**62])), "bytes where"),
    "data and frame": (broken(value(data=b"x")), "data or in one frame"),
    "neither": (broken(value(frame=None)), "data or in one frame"),
    "ragged": (broken(value(row_splits=b"")), "ragged"),
}
