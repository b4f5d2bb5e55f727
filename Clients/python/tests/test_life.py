"""Interrupting, closing, forking and sharing a client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fake import LARGE, PATIENCE, SMALL, FakeServer, sums

import vigil


# Being interrupted, closed, shared


def test_control_c_ends_the_wait_and_the_client_lives_on():
    def interrupt(request, _):
        os.kill(os.getpid(), signal.SIGINT)

    with FakeServer(interrupt) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(KeyboardInterrupt):
            client.score("m", SMALL)
        server.handler = sums
        assert len(client.score("m", SMALL)) == 2


def test_closing_leaves_nothing_and_is_final():
    with FakeServer(sums) as server:
        with vigil.Client(server.endpoint) as client:
            client.score("m", LARGE)
        threads = {
            thread for thread in threading.enumerate() if "zmq" not in type(thread).__module__
        }
        assert threads == {threading.main_thread(), server._thread}
    assert client._context.closed
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.status()


def test_closing_does_not_linger_on_what_nobody_reads():
    with FakeServer(sums) as gone:
        pass
    client = vigil.Client(gone.endpoint, timeout=0.2)
    with pytest.raises(vigil.CannotConnect):
        client.models()
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("last_words", ["", "del client", "sys.exit(0)", "1 / 0"])
def test_a_process_that_forgets_to_close_ends(last_words):
    program = f"""
import sys, vigil
client = vigil.Client(sys.argv[1])
client.score("m", [[0.0] * 5] * 1000)
{last_words}
"""
    with FakeServer(sums) as server:
        ended = subprocess.run(
            [sys.executable, "-c", program, server.endpoint],
            timeout=PATIENCE, cwd=Path(vigil.__file__).parents[1], stderr=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
    assert ended.returncode == ("1 /" in last_words)


def test_a_second_thread_is_told_to_make_its_own():
    asked = threading.Event()
    done = threading.Event()

    def wait(request, frames):
        asked.set()
        done.wait(PATIENCE)
        return sums(request, frames)

    with FakeServer(wait) as server, vigil.Client(server.endpoint) as client:
        first = threading.Thread(target=client.score, args=("m", SMALL))
        first.start()
        assert asked.wait(PATIENCE)
        with pytest.raises(RuntimeError, match="one thread at a time"):
            client.status()
        done.set()
        first.join()
        assert len(client.score("m", SMALL)) == 2


def test_a_forked_child_is_told_to_make_its_own(monkeypatch):
    with FakeServer(sums) as server, vigil.Client(server.endpoint) as client:
        client.score("m", SMALL)
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(RuntimeError, match="fork"):
                client.score("m", SMALL)
            client.close()
        assert len(client.score("m", SMALL)) == 2
