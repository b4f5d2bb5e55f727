"""Firmware on a card: the card answers while it can, its software with the same bits when it cannot.

The card is emulated: the kernel's own Verilog, simulated behind Debian's unchanged XRT. Its control page
makes calls fail, as a card would that breaks or is pulled.
"""

import threading
import time

import numpy as np
import pytest
import vigil
from daemon import START_SECONDS, wait_until
from firmware import MODEL, Page, Served, golden, margins

DEVICE = "xrt-emulated:0"
SOFTWARE = "firmware-software"


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "page"
    page = Page(path)
    monkeypatch.setenv("VIGIL_EMULATED_CARD", str(path))
    return page


@pytest.fixture
def served(tmp_path):
    return Served(tmp_path, DEVICE, with_files=["kernel-emulated.xclbin"])


@pytest.fixture
def daemon(page, served):
    with served.daemon(http_port=0 or None) as running:
        yield running


def test_the_card_answers(page, daemon):
    features, expected = golden()
    with daemon.client() as client:
        runs = page.runs
        scores = margins(client, features)
        status = client.status()
    np.testing.assert_array_equal(scores.outputs["margin"].value, expected)
    assert scores.provenance.device == DEVICE and page.runs > runs
    assert status.ready and status.degraded == ()


# What fails at the card, by the page's word, and the call that is named.
FAULTS = ["sync_to", "start", "wait", "state", "bus", "sync_from", "register"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_that_fails_is_answered_by_the_software(page, daemon, fault):
    features, expected = golden()
    with daemon.client() as client:
        margins(client, features)
        page.fail(fault)
        scores = margins(client, features)
        np.testing.assert_array_equal(scores.outputs["margin"].value, expected)
        assert SOFTWARE in scores.provenance.device
        status = client.status()
        assert status.ready
        (line,) = status.degraded
        assert line.startswith(f"model {MODEL}: {DEVICE} does not answer, {SOFTWARE} does: xrt"), line
        # The card is tried again after a second, and answers.
        wait_until(lambda: not client.status().degraded, 10)
        scores = margins(client, features)
        assert scores.provenance.device == DEVICE
        np.testing.assert_array_equal(scores.outputs["margin"].value, expected)


def test_a_run_that_hangs_is_given_up_in_time(page, tmp_path):
    features, expected = golden()
    served = Served(tmp_path, DEVICE, "firmware: {run_milliseconds: 100}\n", ["kernel-emulated.xclbin"])
    with served.daemon() as daemon, daemon.client() as client:
        margins(client, features)
        page.fail("hang")
        began = time.monotonic()
        scores = margins(client, features)
        took = time.monotonic() - began
        np.testing.assert_array_equal(scores.outputs["margin"].value, expected)
        assert SOFTWARE in scores.provenance.device and 0.1 <= took < 5
        wait_until(lambda: not client.status().degraded, 10)
        assert margins(client, features).provenance.device == DEVICE


def test_a_card_pulled_in_the_middle_of_a_load(page, daemon):
    """Nothing is lost, every bit is right, and the replies tell when the software took over."""
    features, expected = golden()
    devices = []
    problems = []
    stop = threading.Event()

    def load():
        try:
            with daemon.client() as client:
                while not stop.is_set():
                    scores = margins(client, features)
                    devices.append(scores.provenance.device)
                    if not np.array_equal(scores.outputs["margin"].value, expected):
                        problems.append("other bits")
        except Exception as problem:  # whatever it is, the test shows it
            problems.append(problem)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: devices.count(DEVICE) > 20)
        page.gone = True
        wait_until(lambda: devices.count(SOFTWARE) > 20)
        with daemon.client() as client:
            # Tried again, it is still gone.
            time.sleep(1.5)
            assert client.status().degraded
        page.gone = False
        before = len(devices)
        wait_until(lambda: DEVICE in devices[before:], 20)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems, problems[:3]
    assert set(devices) <= {DEVICE, SOFTWARE, f"{DEVICE}, {SOFTWARE}"}


def test_metrics_tell_which_answered(page, served):
    features, _ = golden()
    from daemon import free_port

    with served.daemon(http_port=free_port()) as daemon, daemon.client() as client:
        margins(client, features)
        page.fail("start")
        margins(client, features)
        text = daemon.page("/metrics")
        ready = daemon.page("/readyz")
    label = f'model="{MODEL}",version="1",device='
    rows = {
        device: float(text.split(f"vigil_device_rows_total{{{label}\"{device}\"}} ")[1].split()[0])
        for device in (DEVICE, SOFTWARE)
    }
    assert rows[DEVICE] >= len(features) and rows[SOFTWARE] >= len(features)
    assert f'vigil_device_failures_total{{{label}"{DEVICE}",call="xrtRunStart"}} 1' in text
    assert float(text.split(f"vigil_device_clocks_total{{{label}\"{DEVICE}\"}} ")[1].split()[0]) > len(features)
    assert "vigil_degraded 1" in text
    assert '"status":"degraded"' in ready.replace(" ", "")


def test_a_card_that_is_not_there_when_the_daemon_starts(page, served):
    features, expected = golden()
    page.gone = True
    with served.daemon() as daemon, daemon.client() as client:
        scores = margins(client, features)
        assert scores.provenance.device == SOFTWARE
        np.testing.assert_array_equal(scores.outputs["margin"].value, expected)
        assert client.status().degraded
        page.gone = False
        wait_until(lambda: not client.status().degraded, 20)
        assert margins(client, features).provenance.device == DEVICE


def failure(served):
    with served.daemon().start(wait=False) as daemon, daemon.client() as client:
        wait_until(lambda: "models are loading" not in client.status().reasons, START_SECONDS)
        (line,) = client.status().reasons
    return line


def test_a_card_with_other_words_is_not_served(page, served):
    page.fail("bits", 1)
    line = failure(served)
    assert f"golden check of {DEVICE}" in line and "found" in line


def test_a_card_that_comes_back_with_other_words_does_not_answer(page, daemon):
    features, expected = golden()
    with daemon.client() as client:
        page.fail("start")
        margins(client, features)
        page.fail("bits", 1)
        wait_until(lambda: "golden check" in client.status().degraded[0], 10)
        scores = margins(client, features)
        assert scores.provenance.device == SOFTWARE
        np.testing.assert_array_equal(scores.outputs["margin"].value, expected)
        wait_until(lambda: not client.status().degraded, 20)


def test_a_kernel_that_is_not_there(page, tmp_path):
    """The card cannot be set up: the software answers, and what is missing is said."""
    with Served(tmp_path, DEVICE).daemon() as daemon, daemon.client() as client:
        features, _ = golden()
        assert margins(client, features).provenance.device == SOFTWARE
        assert "kernel-emulated.xclbin" in client.status().degraded[0]


def test_no_xrt(page, served, tmp_path):
    with served.daemon(top={"xrt": str(tmp_path / "nowhere")}).start(wait=False) as daemon:
        with daemon.client() as client:
            wait_until(lambda: "models are loading" not in client.status().reasons, START_SECONDS)
            (line,) = client.status().reasons
    assert line.startswith(f"model {MODEL}: 1/firmware.json: ") and "nowhere" in line


def test_a_reload_gives_the_card_back(page, served):
    with served.daemon() as daemon, daemon.client() as client:
        features, _ = golden()
        margins(client, features)
        for _ in range(3):
            text = served.manifest.read_text()
            served.manifest.write_text(text + "\n")
            client.reload()
            assert margins(client, features).provenance.device == DEVICE
            assert client.status().degraded == ()
        assert page.cards == 1
