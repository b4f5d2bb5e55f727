"""How vigild lives and dies: drains, restarts, deadlines, priorities, readiness, memory.

Each test starts daemons of its own. `slow` is a model whose micro-batch of one event takes as
long as the event says, so that what is late is late on any machine.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import zmq

import vigil
from vigil.wire import wire

from daemon import BIN, MODELS, SAMPLE, Daemon, free_port

FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")
# Longest wait for anything that ought to be quick, seconds; generous for loaded machines.
PATIENCE = 30.0


# MARK: Models


SLOW = """\
name: slow
task: regression
engine: onnx
batching: {maximum_rows: 1}
inputs:
  - {name: turns, range: [0, 0]}
outputs:
  - {name: score}
"""


def write_slow_artefact(path):
    """A graph that answers its input after as many matrix products as the input says."""
    from onnx import TensorProto, checker, helper, save

    size = 128
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("MatMul", ["before", "unit"], ["after"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", TensorProto.FLOAT, [size, size]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, [size, size]),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["turns"], ["most"], keepdims=0),
            helper.make_node("Cast", ["most"], ["trips"], to=TensorProto.INT64),
            helper.make_node("Loop", ["trips", "", "unit"], ["last"], body=body),
            helper.make_node("ReduceMax", ["last"], ["one"], keepdims=0),
            helper.make_node("Sub", ["one", "one"], ["zero"]),
            helper.make_node("Add", ["turns", "zero"], ["score"]),
        ],
        "slow",
        [helper.make_tensor_value_info("turns", TensorProto.FLOAT, ["events"])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["events"])],
        [
            helper.make_tensor(
                "unit", TensorProto.FLOAT, [size, size], np.eye(size, dtype="f4").tobytes(), True
            )
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, path)


@pytest.fixture(scope="module")
def slow_models(tmp_path_factory):
    """A folder of models that holds `slow` only."""
    folder = tmp_path_factory.mktemp("slow-models")
    (folder / "slow" / "1").mkdir(parents=True)
    (folder / "slow" / "model.yaml").write_text(SLOW)
    write_slow_artefact(str(folder / "slow" / "1" / "model.onnx"))
    return folder


@pytest.fixture(scope="module")
def turns(slow_models):
    """Turns that `slow` takes in a second, measured."""
    with launched(slow_models) as running, Wire(running.endpoint) as peer:
        peer.ask(slow(100))
        count, took = 1000.0, 0.0
        while took < 0.2:
            count *= 2
            start = time.monotonic()
            assert peer.ask(slow(count)).code == wire.OK
            took = time.monotonic() - start
    return count / took


@pytest.fixture(scope="module")
def sample():
    with np.load(SAMPLE) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="module")
def features(sample):
    return np.stack([sample[name] for name in FEATURES], axis=1).astype("f4")


@pytest.fixture
def copied_models(tmp_path):
    """A copy of the tree model and the position model that a test may damage."""
    folder = tmp_path / "models"
    for name in ("er-nr-tree", "position-cnn"):
        shutil.copytree(Path(MODELS) / name, folder / name)
    return folder


# MARK: Daemons and clients


@contextmanager
def launched(models=MODELS, ready=True, **settings):
    """A daemon on `models`, ended when the block is left."""
    running = Daemon(models=models, **settings)
    try:
        running.start(wait=False)
        if ready:
            wait_until_loaded(running, models)
        yield running
    finally:
        running.kill()


def wait_until_loaded(running, models):
    """Waits until the daemon has said of every model that it is loaded."""
    names = [path.parent.name for path in Path(models).glob("*/model.yaml")]
    wait_until(lambda: all(f"loaded {name} " in running.log() for name in names))
    with vigil.Client(running.endpoint) as client:
        wait_until(lambda: client.status().ready)


def ended(running, seconds=PATIENCE):
    """Exit code of a daemon that was told to end, and how long it took."""
    start = time.monotonic()
    code = running.process.wait(seconds)
    return code, time.monotonic() - start


def wait_until(holds, seconds=PATIENCE):
    """Waits for a condition; fails when it does not come to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)


def score(model, name, array, **options):
    """A score request with its tensor in the frame behind the header."""
    request = wire.Request()
    request.score.model = model
    for key, value in options.items():
        setattr(request.score, key, value)
    array = np.ascontiguousarray(array, "<f4")
    request.score.inputs.add(name=name, type=wire.FLOAT32, shape=array.shape, frame=1)
    return request, array


def slow(turns, rows=1, **options):
    """A request of `rows` events that take `turns` each."""
    return score("slow", "turns", np.full(rows, turns), **options)


def status():
    request = wire.Request()
    request.status.SetInParent()
    return request, None


class Reply:
    """A reply as it came."""

    def __init__(self, frames):
        self.message = wire.Reply.FromString(frames[0])
        self.frames = frames
        self.id = self.message.id
        self.code = self.message.status.code
        self.at = time.monotonic()


class Wire:
    """A bare DEALER that may have any number of requests out; ids count from 1."""

    def __init__(self, endpoint, **options):
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.socket.connect(endpoint)
        self.sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.destroy(linger=0)

    def send(self, call, flags=0):
        """Sends; the id."""
        request, array = call
        request.id = self.sent + 1
        frames = [request.SerializeToString()]
        if array is not None:
            frames.append(array.tobytes())
        self.socket.send_multipart(frames, flags)
        self.sent += 1
        return self.sent

    def receive(self, seconds=PATIENCE):
        """The next reply, or None."""
        if not self.socket.poll(int(seconds * 1000)):
            return None
        return Reply(self.socket.recv_multipart())

    def ask(self, call, seconds=PATIENCE):
        """The reply to one request; earlier ones must have been taken."""
        id = self.send(call)
        reply = self.receive(seconds)
        assert reply is not None, "no reply"
        assert reply.id == id
        return reply

    def take(self, count, seconds=PATIENCE):
        """That many replies."""
        replies = []
        while len(replies) < count:
            reply = self.receive(seconds)
            assert reply is not None, f"{len(replies)} of {count} replies came"
            replies.append(reply)
        return replies


def code_name(reply):
    return wire.Code.Name(reply.code)


# MARK: Drain


class Pressure(threading.Thread):
    """Keeps requests of mixed sizes in flight until told to stop and nothing comes any more."""

    WINDOW = 24

    def __init__(self, endpoint, features, hits, seed):
        super().__init__(daemon=True)
        self._endpoint = endpoint
        self._features = features
        self._hits = hits
        self._random = np.random.default_rng(seed)
        self.stopping = threading.Event()
        self.sent = 0
        self.replies = []
        self.failure = None

    def run(self):
        try:
            self._run()
        except Exception as error:  # Reported by the test's own thread.
            self.failure = error

    def _run(self):
        with Wire(self._endpoint) as peer:
            while True:
                # On to the refusals of the drain too: a client does not know of it.
                while not self.stopping.is_set() and self.sent - len(self.replies) < self.WINDOW:
                    with suppress(zmq.Again):
                        peer.send(self._call(), zmq.NOBLOCK)
                    self.sent = peer.sent
                reply = peer.receive(0.5)
                if reply is not None:
                    self.replies.append(reply)
                elif self.stopping.is_set():
                    return

    def _call(self):
        rows = int(self._random.choice([1, 3, 17, 256, 700, 2048]))
        first = int(self._random.integers(0, 20_000 - rows))
        priority = int(self._random.choice([wire.TRIGGER, wire.STANDARD, wire.BULK]))
        part = slice(first, first + rows)
        if self._random.random() < 0.5:
            return score("position-cnn", "hits", self._hits[part], priority=priority)
        return score("er-nr-tree", "features", self._features[part], priority=priority)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_answers_everything_accepted(number, sample, features):
    with launched() as running:
        crowd = [Pressure(running.endpoint, features, sample["hits"], seed) for seed in range(4)]
        for client in crowd:
            client.start()
        wait_until(lambda: all(len(client.replies) > 50 for client in crowd))
        before = [len(client.replies) for client in crowd]
        running.process.send_signal(number)
        code, _ = ended(running)
        for client in crowd:
            client.stopping.set()
        for client in crowd:
            client.join(PATIENCE)
            assert client.failure is None
        assert code == 0, running.log()
        for client, count in zip(crowd, before):
            ids = [reply.id for reply in client.replies]
            assert len(set(ids)) == len(ids), "a request was answered twice"
            assert set(ids) <= set(range(1, client.sent + 1))
            # A connection is read in order: what was sent before an answered request was read.
            assert set(range(1, max(ids) + 1)) <= set(ids), "a request was lost"
            codes = {code_name(reply) for reply in client.replies}
            assert codes <= {"OK", "UNAVAILABLE"}
            refused = [reply.id for reply in client.replies if reply.code == wire.UNAVAILABLE]
            answered = [reply.id for reply in client.replies if reply.code == wire.OK]
            assert not refused or max(answered) < min(refused), "accepted after the drain began"
            # Everything was in order until the signal.
            assert all(reply.code == wire.OK for reply in client.replies[:count])
        assert "draining" in running.log() and "stopped" in running.log()


def test_a_drain_ends_although_clients_never_pause(features):
    """Load generators send again upon every refusal; that must not keep the daemon alive."""
    with launched(drain_seconds=8) as running:
        load = [
            subprocess.Popen(
                [
                    f"{BIN}/vigil", "bench", "er-nr-tree", "--data", str(SAMPLE),
                    "--window", "256", "--requests", "100000000", "-e", running.endpoint,
                ],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            for _ in range(3)
        ]
        try:
            with Wire(running.endpoint) as peer:
                wait_until(lambda: peer.ask(status()).message.daemon.events > 50_000)
            assert all(process.poll() is None for process in load)
            running.process.send_signal(signal.SIGTERM)
            code, took = ended(running)
        finally:
            for process in load:
                process.kill()
                process.wait()
        assert code == 0, f"after {took:.1f} s: {running.log()}"


def test_a_drain_finishes_slow_work_and_says_so(slow_models, turns):
    with launched(slow_models) as running, Wire(running.endpoint) as peer:
        with Wire(running.endpoint) as other:
            assert other.ask(status()).message.daemon.ready
            held = peer.send(slow(2.5 * turns))
            wait_until(lambda: other.ask(status()).message.daemon.in_flight == 1)
            running.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not other.ask(status()).message.daemon.ready)
            told = other.ask(status()).message.daemon
            assert "draining" in told.reasons
            refused = other.ask(slow(1))
            assert code_name(refused) == "UNAVAILABLE"
            assert refused.message.status.retry_after_microseconds > 0
            reply = peer.receive()
        assert reply is not None and reply.id == held and reply.code == wire.OK
        code, took = ended(running)
        assert code == 0 and took < 10


def test_a_second_signal_ends_at_once(slow_models, turns):
    with launched(slow_models, drain_seconds=600) as running, Wire(running.endpoint) as peer:
        peer.send(slow(30 * turns))
        with Wire(running.endpoint) as other:
            wait_until(lambda: other.ask(status()).message.daemon.in_flight == 1)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in running.log())
        time.sleep(0.3)
        assert running.process.poll() is None
        running.process.send_signal(signal.SIGTERM)
        code, took = ended(running)
        assert code == 1
        assert took < 3
        assert "before accepted work was finished" in running.log()


def test_a_drain_does_not_last_beyond_its_limit(slow_models, turns):
    with launched(slow_models, drain_seconds=1) as running, Wire(running.endpoint) as peer:
        peer.send(slow(30 * turns))
        with Wire(running.endpoint) as other:
            wait_until(lambda: other.ask(status()).message.daemon.in_flight == 1)
        running.process.send_signal(signal.SIGTERM)
        code, took = ended(running)
        assert code == 1
        assert 0.8 < took < 4
        assert "not finished within the drain limit" in running.log()


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_a_signal_while_models_load(delay):
    with launched(ready=False) as running:
        wait_until(lambda: "listening" in running.log())
        time.sleep(delay)
        running.process.send_signal(signal.SIGTERM)
        code, took = ended(running)
        assert code == 0, running.log()
        assert took < 10


def test_a_reload_while_draining_does_no_harm(slow_models, turns):
    with launched(slow_models) as running, Wire(running.endpoint) as peer:
        peer.send(slow(1.5 * turns))
        with Wire(running.endpoint) as other:
            wait_until(lambda: other.ask(status()).message.daemon.in_flight == 1)
        running.process.send_signal(signal.SIGTERM)
        running.process.send_signal(signal.SIGHUP)
        reply = peer.receive()
        assert reply is not None and reply.code == wire.OK
        assert ended(running)[0] == 0


# MARK: Kill and restart


CALLS = 150
ROWS = 37


def slices():
    return [slice(97 * call, 97 * call + ROWS) for call in range(CALLS)]


def bits(scores):
    """Everything numeric of an answer, as bytes."""
    parts = []
    for output in scores.outputs.values():
        for array in (output.value, output.lower, output.upper, output.flags):
            if array is not None:
                parts.append(array.tobytes())
    parts += [array.tobytes() for array in scores.p_values.values()]
    return b"".join(parts)


def truth(endpoint, model, events):
    """The bits of every slice while nothing is wrong."""
    with vigil.Client(endpoint) as client:
        return [bits(client.score(model, events[part])) for part in slices()]


class Job(threading.Thread):
    """Scores every slice with a Python client and keeps bits or errors."""

    def __init__(self, endpoints, model, events):
        super().__init__(daemon=True)
        self._endpoints = endpoints
        self._model = model
        self._events = events
        self.answers = []

    def run(self):
        with vigil.Client(self._endpoints, timeout=PATIENCE) as client:
            for part in slices():
                try:
                    self.answers.append(bits(client.score(self._model, self._events[part])))
                except Exception as error:
                    self.answers.append(error)
                time.sleep(0.005)


def check(answers, expected):
    errors = [answer for answer in answers if isinstance(answer, Exception)]
    assert not errors, f"{len(errors)} of {len(answers)} calls failed, first: {errors[0]!r}"
    assert answers == expected


def test_a_killed_daemon_comes_back_and_no_call_is_lost(sample, features):
    port = free_port()
    with launched(port=port) as first:
        endpoint = first.endpoint
        work = [("position-cnn", sample["hits"]), ("er-nr-tree", features)] * 2
        expected = {name: truth(endpoint, name, events) for name, events in work[:2]}
        jobs = [(Job(endpoint, name, events), name) for name, events in work]
        for job, _ in jobs:
            job.start()
        wait_until(lambda: all(len(job.answers) > 30 for job, _ in jobs))
        first.process.kill()
        first.process.wait()
        assert all(job.is_alive() for job, _ in jobs)
        with launched(port=port, ready=False) as second:
            assert second.endpoint == endpoint
            for job, _ in jobs:
                job.join(2 * PATIENCE)
                assert not job.is_alive()
    for job, name in jobs:
        check(job.answers, expected[name])


def test_a_killed_daemon_costs_an_async_client_no_call(sample):
    port = free_port()
    hits = sample["hits"]

    async def work(endpoint, done):
        async with vigil.AsyncClient(endpoint, timeout=PATIENCE, max_in_flight=16) as client:

            async def one(part, number):
                await asyncio.sleep(0.02 * number)
                try:
                    return bits(await client.score("position-cnn", hits[part]))
                except Exception as error:
                    return error
                finally:
                    done.append(number)

            parts = slices()
            return await asyncio.gather(*(one(part, number) for number, part in enumerate(parts)))

    with launched(port=port) as first:
        expected = truth(first.endpoint, "position-cnn", hits)
        done, outcome = [], []
        thread = threading.Thread(
            target=lambda: outcome.append(asyncio.run(work(first.endpoint, done))), daemon=True
        )
        thread.start()
        wait_until(lambda: len(done) > 40)
        first.process.kill()
        first.process.wait()
        with launched(port=port, ready=False):
            thread.join(2 * PATIENCE)
            assert not thread.is_alive()
    assert outcome, "the client raised"
    check(outcome[0], expected)


def test_one_of_two_daemons_is_killed(sample):
    with launched() as first, launched() as second:
        expected = truth(first.endpoint, "position-cnn", sample["hits"])
        assert truth(second.endpoint, "position-cnn", sample["hits"]) == expected
        endpoints = [first.endpoint, second.endpoint]
        jobs = [Job(endpoints, "position-cnn", sample["hits"]) for _ in range(3)]
        for job in jobs:
            job.start()
        wait_until(lambda: all(len(job.answers) > 30 for job in jobs))
        first.process.kill()
        start = time.monotonic()
        for job in jobs:
            job.join(2 * PATIENCE)
            assert not job.is_alive()
        took = time.monotonic() - start
    for job in jobs:
        check(job.answers, expected)
    assert took < 20


def test_a_request_while_models_load_is_worth_repeating(features):
    """A daemon that loads must not say that its models do not exist."""
    with launched(ready=False) as running, Wire(running.endpoint) as peer:
        codes = []
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            codes.append(code_name(peer.ask(score("er-nr-tree", "features", features[:1]))))
            if codes[-1] == "OK":
                break
        assert codes[-1] == "OK"
        assert set(codes) <= {"OK", "UNAVAILABLE"}, f"{len(codes)} replies: {set(codes)}"


# MARK: Deadlines and priorities


def test_a_deadline_is_kept_while_a_long_request_runs_event_by_event(slow_models, turns):
    with launched(slow_models) as running:
        with Wire(running.endpoint) as bulk, Wire(running.endpoint) as trigger:
            trigger.ask(slow(1))
            bulk.send(slow(0.03 * turns, rows=80, priority=wire.BULK))
            wait_until(lambda: trigger.ask(status()).message.daemon.in_flight >= 1)
            for _ in range(5):
                start = time.monotonic()
                reply = trigger.ask(
                    slow(1, priority=wire.TRIGGER, deadline_microseconds=50_000)
                )
                assert reply.code in (wire.OK, wire.DEADLINE_EXCEEDED), code_name(reply)
                assert reply.at - start < 1
            assert bulk.receive(0) is None, "the long request was too short for this test"
            assert bulk.take(1)[0].code == wire.OK


def test_a_deadline_is_kept_while_one_micro_batch_runs(slow_models, turns):
    with launched(slow_models) as running:
        with Wire(running.endpoint) as bulk, Wire(running.endpoint) as trigger:
            trigger.ask(slow(1))
            bulk.send(slow(3 * turns, priority=wire.BULK))
            wait_until(lambda: trigger.ask(status()).message.daemon.in_flight >= 1)
            for _ in range(5):
                start = time.monotonic()
                reply = trigger.ask(
                    slow(1, priority=wire.TRIGGER, deadline_microseconds=50_000)
                )
                assert code_name(reply) == "DEADLINE_EXCEEDED"
                assert 0.045 < reply.at - start < 1
            assert bulk.receive(0) is None, "the long request was too short for this test"
            assert bulk.take(1)[0].code == wire.OK


def test_a_deadline_of_the_running_request_itself(slow_models, turns):
    """It is answered when the deadline passes, not when the micro-batch ends, and once."""
    with launched(slow_models) as running, Wire(running.endpoint) as peer:
        peer.ask(slow(1))
        start = time.monotonic()
        reply = peer.ask(slow(2.5 * turns, deadline_microseconds=100_000))
        assert code_name(reply) == "DEADLINE_EXCEEDED"
        assert 0.09 < reply.at - start < 1
        after = peer.ask(slow(1))
        assert after.code == wire.OK
        assert peer.receive(0.3) is None, "answered twice"


def test_trigger_overtakes_bulk(slow_models, turns):
    with launched(slow_models) as running:
        with Wire(running.endpoint) as bulk, Wire(running.endpoint) as trigger:
            trigger.ask(slow(1))
            for _ in range(60):
                bulk.send(slow(0.02 * turns, priority=wire.BULK))
            wait_until(lambda: trigger.ask(status()).message.daemon.in_flight > 40)
            for _ in range(3):
                assert trigger.ask(slow(1, priority=wire.TRIGGER)).code == wire.OK
            waiting = trigger.ask(status()).message.daemon.in_flight
            assert waiting > 30, f"{waiting} of 60 BULK requests left"
            assert {reply.code for reply in bulk.take(60)} == {wire.OK}


def test_standard_goes_between_trigger_and_bulk(slow_models, turns):
    with launched(slow_models) as running, Wire(running.endpoint) as peer:
        peer.ask(slow(1))
        # Holds the lane while the others queue up.
        peer.send(slow(0.5 * turns))
        order = {}
        for priority in (wire.BULK, wire.STANDARD, wire.TRIGGER):
            for _ in range(3):
                order[peer.send(slow(1, priority=priority))] = priority
        replies = peer.take(10)
    came = [order[reply.id] for reply in replies[1:]]
    assert came == [wire.TRIGGER] * 3 + [wire.STANDARD] * 3 + [wire.BULK] * 3
    ids = [reply.id for reply in replies[1:]]
    assert all(ids[first : first + 3] == sorted(ids[first : first + 3]) for first in (0, 3, 6))


def test_bulk_does_not_starve(slow_models, turns):
    with launched(slow_models) as running:
        with Wire(running.endpoint) as bulk, Wire(running.endpoint) as trigger:
            trigger.ask(slow(1))
            window, wanted = 32, 8
            for _ in range(window):
                trigger.send(slow(0.002 * turns, priority=wire.TRIGGER))
            trigger.take(5)
            for _ in range(5):
                trigger.send(slow(0.002 * turns, priority=wire.TRIGGER))
            for _ in range(wanted):
                bulk.send(slow(1, priority=wire.BULK))
            answered, done, end = 0, 0, time.monotonic() + PATIENCE
            while done < wanted and time.monotonic() < end:
                reply = trigger.receive()
                assert reply is not None and reply.code == wire.OK
                answered += 1
                trigger.send(slow(0.002 * turns, priority=wire.TRIGGER))
                while (late := bulk.receive(0)) is not None:
                    assert late.code == wire.OK
                    done += 1
        assert done == wanted, f"{done} of {wanted} BULK requests beside {answered} TRIGGER ones"
        # One micro-batch in twenty, and those that were on their way.
        assert answered <= 20 * wanted + 2 * window
        assert answered > 5 * wanted, "TRIGGER must have most of the lane"


def test_a_client_that_does_not_read_stops_nobody(sample, features):
    hits = sample["hits"][:2048]
    call = score("pattern-autoencoder", "hits", hits)
    call[0].score.outputs.append("pulls")
    call[0].score.raw = True
    with launched(zeromq={"client_backlog_mebibytes": 1, "high_water_mark": 4}) as running:
        with Wire(running.endpoint, rcvhwm=1, sndhwm=1000) as stuck, Wire(running.endpoint) as peer:
            sending = threading.Event()

            def flood():
                for _ in range(200):
                    if sending.is_set():
                        return
                    with suppress(zmq.Again):
                        stuck.send(call, zmq.NOBLOCK)
                    time.sleep(0.01)

            thread = threading.Thread(target=flood, daemon=True)
            thread.start()
            slowest = 0.0
            try:
                for turn in range(400):
                    start = time.monotonic()
                    part = features[turn : turn + 8]
                    reply = peer.ask(
                        score("er-nr-tree", "features", part, priority=wire.TRIGGER)
                    )
                    assert reply.code == wire.OK
                    slowest = max(slowest, reply.at - start)
                    time.sleep(0.005)
            finally:
                sending.set()
                thread.join()
            assert slowest < 1
            # It reads again: each reply is whole, none came twice, and it is told.
            codes, ids = set(), []
            while (reply := stuck.receive(2)) is not None:
                codes.add(code_name(reply))
                ids.append(reply.id)
                if reply.code == wire.OK:
                    assert [len(frame) for frame in reply.frames[1:]] == [hits.nbytes]
            assert len(ids) == len(set(ids))
            assert codes == {"OK", "OVERLOADED"}
            assert stuck.ask(score("er-nr-tree", "features", features[:1])).code == wire.OK


# MARK: Readiness


def test_a_model_without_its_artefact_is_a_reason_until_it_is_there(copied_models):
    artefact = copied_models / "position-cnn" / "1" / "model.onnx"
    aside = copied_models.parent / "aside.onnx"
    artefact.rename(aside)
    with launched(copied_models, ready=False) as running:
        wait_until(lambda: "loaded er-nr-tree" in running.log())
        with vigil.Client(running.endpoint) as client:
            wait_until(lambda: "models are loading" not in client.status().reasons)
            told = client.status()
            assert not told.ready
            assert any("position-cnn" in reason for reason in told.reasons), told.reasons
            aside.rename(artefact)
            assert any("loaded position-cnn" in line for line in client.reload())
            told = client.status()
            assert told.ready and not told.reasons
            assert [model.state for model in client.models()] == ["serving", "serving"]


def test_a_missing_calibration_is_a_reason_where_one_is_required(copied_models):
    for path in (copied_models / "er-nr-tree" / "1").glob("calibration*.json"):
        path.rename(copied_models.parent / path.name)
    with launched(copied_models, ready=False) as running, vigil.Client(running.endpoint) as client:
        wait_until(lambda: "models are loading" not in client.status().reasons)
        told = client.status()
        assert not told.ready
        assert any("er-nr-tree" in text and "calibration" in text for text in told.reasons)
        for path in copied_models.parent.glob("calibration*.json"):
            path.rename(copied_models / "er-nr-tree" / "1" / path.name)
        client.reload()
        assert client.status().ready


def test_a_missing_folder_is_a_reason(tmp_path, copied_models):
    folder = tmp_path / "nowhere"
    with launched(folder, ready=False) as running, vigil.Client(running.endpoint) as client:
        wait_until(lambda: "models are loading" not in client.status().reasons)
        told = client.status()
        assert not told.ready and any(str(folder) in reason for reason in told.reasons)
        copied_models.rename(folder)
        client.reload()
        assert client.status().ready


def test_a_broken_new_version_leaves_the_old_one_serving(copied_models, features):
    with launched(copied_models) as running, vigil.Client(running.endpoint) as client:
        expected = bits(client.score("er-nr-tree", features[:50]))
        (copied_models / "er-nr-tree" / "1" / "model.json").write_text("{")
        changes = client.reload()
        assert any(line.startswith("failed er-nr-tree") for line in changes), changes
        assert bits(client.score("er-nr-tree", features[:50])) == expected


def test_a_lane_that_hangs_is_a_reason(slow_models, turns):
    with launched(slow_models) as running, Wire(running.endpoint) as peer:
        with Wire(running.endpoint) as other:
            peer.send(slow(3 * turns))
            wait_until(lambda: not other.ask(status()).message.daemon.ready, 10)
            assert "stuck" in other.ask(status()).message.daemon.reasons[0]
            assert peer.take(1)[0].code == wire.OK
            wait_until(lambda: other.ask(status()).message.daemon.ready, 10)


# MARK: Memory


def resident(pid):
    """MiB of physical memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_clients_and_large_requests_leave_nothing_behind(sample, features):
    hits = sample["hits"][:16_384]
    large = score("pattern-autoencoder", "hits", hits)
    with launched() as running:
        pid = running.process.pid

        def turn(clients, requests):
            with Wire(running.endpoint) as peer:
                for _ in range(requests):
                    assert peer.ask(large).code == wire.OK
            for number in range(clients):
                with Wire(running.endpoint) as peer:
                    if number % 4 == 0:
                        # Gone before its answer is there.
                        peer.send(score("pattern-autoencoder", "hits", hits[:2048]))
                    else:
                        part = features[number : number + 5]
                        assert peer.ask(score("er-nr-tree", "features", part)).code == wire.OK

        def settled():
            with Wire(running.endpoint) as peer:
                wait_until(lambda: peer.ask(status()).message.daemon.in_flight == 0)

        turn(20, 4)
        settled()
        wait_until(lambda: descriptors(pid) < 100, 5)
        files, memory = descriptors(pid), resident(pid)
        turn(100, 20)
        settled()
        wait_until(lambda: descriptors(pid) <= files + 5, 10)
        assert resident(pid) < memory + 64, f"{memory:.0f} MiB before"


# MARK: Signals, ports, libraries


def test_hangup_reads_the_models_again(copied_models):
    aside = copied_models.parent / "aside"
    (copied_models / "position-cnn").rename(aside)
    with launched(copied_models) as running, vigil.Client(running.endpoint) as client:
        assert [model.name for model in client.models()] == ["er-nr-tree"]
        aside.rename(copied_models / "position-cnn")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "loaded position-cnn" in running.log())
        wait_until(lambda: len(client.models()) == 2)
        shutil.rmtree(copied_models / "position-cnn")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "removed position-cnn" in running.log())
        assert client.status().ready


def test_a_second_daemon_on_a_port_says_so(features):
    with launched() as first:
        second = Daemon(models=MODELS, port=first.port)
        try:
            second.start(wait=False)
            code = second.process.wait(PATIENCE)
            text = second.log()
        finally:
            second.kill()
        assert code == 1
        lines = text.splitlines()
        assert len(lines) == 1, text
        assert "cannot listen" in lines[0]
        assert first.endpoint in lines[0] and "in use" in lines[0].lower()
        with vigil.Client(first.endpoint) as client:
            assert len(client.score("er-nr-tree", features[:3])) == 3


def test_trees_are_served_without_onnx_runtime(features):
    with launched(onnxruntime="/nowhere/libonnxruntime.so", ready=False) as running:
        wait_until(lambda: "loaded er-nr-tree" in running.log())
        with vigil.Client(running.endpoint) as client:
            wait_until(lambda: "models are loading" not in client.status().reasons)
            told = client.status()
            assert not told.ready
            for name in ("er-nr-mlp", "pattern-autoencoder", "position-cnn"):
                reasons = [reason for reason in told.reasons if name in reason]
                assert len(reasons) == 1 and "/nowhere/libonnxruntime.so" in reasons[0]
                assert "\n" not in reasons[0]
                with pytest.raises(vigil.Unavailable):
                    with vigil.Client(running.endpoint, retries=0) as other:
                        other.score(name, np.zeros((1, 61), "f4"))
            assert len(client.score("er-nr-tree", features[:3])) == 3


def test_a_stopped_daemon_frees_its_port(features):
    port = free_port()
    for _ in range(3):
        with launched(port=port) as running:
            with vigil.Client(running.endpoint) as client:
                client.score("er-nr-tree", features[:3])
            running.process.send_signal(signal.SIGTERM)
            assert ended(running)[0] == 0
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        plain.bind(("127.0.0.1", port))
