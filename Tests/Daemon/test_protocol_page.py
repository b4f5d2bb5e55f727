"""The bytes that Protocols/README.md shows are those of a real exchange."""

import itertools
import re

import pytest
import zmq

from daemon import PATIENCE, ROOT
from vigil import vigil_pb2 as protocol

PAGE = (ROOT / "Protocols" / "README.md").read_text()
REQUEST, REPLY = PAGE.split("## The bytes of one exchange")[1].split("```")[1:4:2]


def listed(line):
    """The bytes at the beginning of a line."""
    pairs = itertools.takewhile(re.compile("[0-9a-f]{2}$").match, line.split())
    return bytes.fromhex("".join(pairs))


def exchange(endpoint, *frames):
    """What comes back for these frames."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(endpoint)
        socket.send_multipart(frames)
        assert socket.poll(PATIENCE * 1000)
        return socket.recv_multipart()


def test_the_request_is_what_its_lines_say():
    content = b"".join(map(listed, REQUEST.splitlines()))
    assert f"{len(content)} bytes" in PAGE
    score = protocol.Request.FromString(content).score
    assert (score.model, score.deadline_microseconds, score.prior) == ("er-nr-tree", 50_000, 0.01)
    assert list(score.inputs[0].shape) == [1, 5] and score.inputs[0].type == protocol.FLOAT32


@pytest.mark.parametrize(
    "part", ["score,", "value:", "lower =", "upper =", "log_likelihood_ratio =", "provenance"]
)
def test_the_reply_holds_what_its_lines_say(daemon, part):
    request = protocol.Request.FromString(b"".join(map(listed, REQUEST.splitlines())))
    # A loaded machine may take longer than the page's 50 ms; the answer is the same.
    request.score.ClearField("deadline_microseconds")
    (content,) = exchange(daemon.endpoint, request.SerializeToString())
    assert content.startswith(bytes.fromhex("08071202 0800"))
    (line,) = [line for line in REPLY.splitlines() if part in line]
    assert listed(line) in content, content.hex(" ")


def test_the_ten_lines_of_python_work(daemon):
    (code,) = re.findall(r"```python\n(import zmq.*?)```", PAGE, re.DOTALL)
    space = {}
    exec(code.replace("tcp://127.0.0.1:5555", daemon.endpoint), space)
    assert space["reply"].status.code == protocol.OK
    assert len(space["reply"].score.outputs) == 1
    space["socket"].close(linger=0)
