"""vigild as a service manager sees it: notifications, watchdog, sockets, credentials, journal."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

from daemon import BIN, ROOT, Daemon, free_port
from slow import slow
from wire import Wire
import vigil

PATIENCE = 30.0
UNITS = ROOT / "Deploy" / "systemd"


class Manager:
    """What listens at $NOTIFY_SOCKET."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.address = address
        self.messages = []

    def wait(self, wanted, count=1):
        """Reads until `count` messages more start with `wanted`."""
        end = time.monotonic() + PATIENCE
        while count:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            text = self.socket.recv(4096).decode()
            self.messages.append(text)
            count -= text.startswith(wanted)
        return self.messages[-1]


def launch(running, sockets=(), **variables):
    """Starts a daemon with these variables and these listening sockets from descriptor 3 on."""
    environment = {**os.environ, **variables}
    command = [str(BIN / "vigild"), "--config", str(running.config)]
    if sockets:
        environment["LISTEN_FDS"] = str(len(sockets))
        # The process that execs keeps its id, which $LISTEN_PID must name.
        moves = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
        command = ["bash", "-c", f'export LISTEN_PID=$$; exec "$@" {moves}', "bash", *command]
    running.process = subprocess.Popen(
        command, env=environment, pass_fds=[s.fileno() for s in sockets],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(running._log, "ab"),
    )
    return running


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """A service manager at a path, and at an abstract name."""
    address = str(tmp_path / "notify")
    if request.param == "abstract":
        address = f"@vigil-test-{os.getpid()}"
    made = Manager(address)
    yield made
    made.socket.close()


def test_a_service_tells_its_start_reload_watchdog_and_stop(manager):
    running = launch(Daemon(), NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="400000")
    with running:
        manager.wait("READY=1")
        assert any(m.startswith("EXTEND_TIMEOUT_USEC=") for m in manager.messages)
        assert "STATUS=not ready: models are loading" in manager.messages
        assert manager.wait("STATUS=") == "STATUS=ready"
        began = time.monotonic()
        manager.wait("WATCHDOG=1", count=5)
        assert time.monotonic() - began > 0.5
        running.process.send_signal(signal.SIGHUP)
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        told = dict(line.split("=") for line in manager.wait("RELOADING=1").splitlines())
        assert abs(int(told["MONOTONIC_USEC"]) - now) < 20e6
        manager.wait("READY=1")
        assert running.stop() == 0
        manager.wait("STOPPING=1")


def test_a_watchdog_of_another_process_is_not_fed(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    running = launch(
        Daemon(), NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="100000", WATCHDOG_PID="1"
    )
    with running:
        manager.wait("STATUS=ready")
        time.sleep(0.5)
        running.stop()
        manager.wait("STOPPING=1")
        # What is fed then is fed once a second, not every 50 ms.
        assert sum(m == "WATCHDOG=1" for m in manager.messages) < 8


def test_the_watchdog_is_not_fed_while_a_lane_is_stuck(tmp_path, slow_models, turns):
    manager = Manager(str(tmp_path / "notify"))
    running = launch(
        Daemon(slow_models), NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="400000"
    )
    with running, Wire(running.endpoint) as peer:
        manager.wait("STATUS=ready")
        # One micro-batch of several seconds: past the second that any may take.
        peer.send(slow(5 * turns))
        stuck = manager.wait("STATUS=not ready: model slow: a lane is stuck")
        manager.wait("STATUS=ready")
        since = manager.messages[manager.messages.index(stuck) :]
        # Feeding comes before the state in each round: at most one round saw it live and then not.
        assert sum(message == "WATCHDOG=1" for message in since) <= 1, since
        assert "a lane is stuck: the watchdog is not fed" in running.log()
        assert "every lane moves again" in running.log()
        manager.wait("WATCHDOG=1", count=2)


def test_a_manager_that_is_gone_does_not_stop_the_service(tmp_path):
    with launch(Daemon(), NOTIFY_SOCKET=str(tmp_path / "nobody")) as running:
        running.wait_ready()
        assert "cannot notify the service manager" in running.log()
        assert running.stop() == 0


def listener(family, address):
    """A socket as a .socket unit makes it."""
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(address)
    made.listen(128)
    return made


def test_inherited_sockets_refuse_nobody_across_a_restart(sample):
    running = Daemon()
    tcp = listener(socket.AF_INET, ("127.0.0.1", running.port))
    ipc = listener(socket.AF_UNIX, running.ipc.removeprefix("ipc://"))
    hits = sample["hits"][:7]
    answers = []
    try:
        for _ in range(2):
            # Connects before anybody serves: the manager's socket holds the connection.
            with running.client(timeout=PATIENCE) as early:
                launch(running, [tcp, ipc])
                answers.append(early.score("position-cnn", hits).value)
                with vigil.Client(running.ipc, timeout=PATIENCE) as other:
                    answers.append(other.score("position-cnn", hits).value)
                assert running.stop() == 0
    finally:
        running.__exit__()
        tcp.close()
        ipc.close()
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])


def test_an_inherited_socket_of_no_endpoint_ends_the_start():
    other = listener(socket.AF_INET, ("127.0.0.1", 0))
    with launch(Daemon(), [other]) as running:
        assert running.process.wait(PATIENCE) == 1
        assert f"tcp://127.0.0.1:{other.getsockname()[1]}" in running.log()
        assert running.endpoint in running.log()
    other.close()


def test_an_inherited_descriptor_that_does_not_listen_ends_the_start():
    idle = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with launch(Daemon(), [idle]) as running:
        assert running.process.wait(PATIENCE) == 1
        assert "descriptor 3 was passed in, but it is no listening stream socket" in running.log()
    idle.close()


def page(running, path, token=None):
    """Status code of a page."""
    request = urllib.request.Request(f"http://127.0.0.1:{running.http_port}{path}")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_credential_guards_metrics_and_models_but_not_probes(tmp_path):
    (tmp_path / "http-token").write_text("s3cret-of-the-scraper\n")
    running = launch(Daemon(http_port=free_port()), CREDENTIALS_DIRECTORY=str(tmp_path))
    with running:
        running.wait_ready()
        for path in ("/metrics", "/v1/models", "/v1/monitoring"):
            assert page(running, path) == 401
            assert page(running, path, "s3cret-of-the-scrapes") == 401
            assert page(running, path, "") == 401
            assert page(running, path, "s3cret-of-the-scraper") == 200
        for path in ("/livez", "/readyz"):
            assert page(running, path) == 200
        assert "s3cret" not in running.log()


@pytest.mark.parametrize("content, found", [("", "nothing"), ("x" * 5000, "more")])
def test_a_credential_that_cannot_be_used_ends_the_start(tmp_path, content, found):
    (tmp_path / "http-token").write_text(content)
    running = launch(Daemon(http_port=free_port()), CREDENTIALS_DIRECTORY=str(tmp_path))
    with running:
        assert running.process.wait(PATIENCE) == 1
        assert f"credential http-token: found {found}, allowed are 1 to 4096" in running.log()


def test_lines_carry_a_priority_where_the_journal_reads():
    running = Daemon()
    running._log.touch()
    found = running._log.stat()
    with launch(running, JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}"):
        running.wait_ready()
        assert running.stop() == 0
        lines = running.log().splitlines()
        assert f"<5>listening endpoint={running.endpoint}" in lines
        assert all(line[0] == "<" and line[1] in "01234567" and line[2] == ">" for line in lines)


def test_lines_carry_time_and_level_elsewhere():
    with Daemon() as running:
        assert running.stop() == 0
        for line in running.log().splitlines():
            stamp, level, _ = line.split(" ", 2)
            time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")
            assert level in ("info", "notice", "warning", "error")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_is_hardened_and_understood(tmp_path):
    unit = tmp_path / "vigild.service"
    text = (UNITS / "vigild.service").read_text()
    unit.write_text(text.replace("/usr/bin/vigild", str(BIN / "vigild")))
    shutil.copy(UNITS / "vigild.socket", tmp_path)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit), str(tmp_path / "vigild.socket")],
        capture_output=True, text=True, timeout=60,
    )
    assert verified.returncode == 0 and "nknown" not in verified.stderr, verified.stderr
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)],
        capture_output=True, text=True, timeout=60,
    )
    assert scored.returncode == 0, scored.stdout[-300:]
