"""The exported events, and what is said when answers differ from them."""

from types import SimpleNamespace

import numpy as np
import pytest

from firmware import agree, events, features, places, ports
from firmware import program as programs
from firmware.ports import Port


def test_random_events_reach_beyond_the_ports():
    """Some are wrapped, most are not."""
    share = np.mean(ports.inside(events.random(features.INPUT_PORTS), features.INPUT_PORTS))
    assert 0.85 < share < 0.95


def test_a_wrong_answer_is_found():
    """One bit of one event is enough."""
    port = Port(True, 7, 9)
    words = np.arange(-5, 5, dtype=np.int32)
    found = (words * 2.0**-9).astype(np.float32)
    assert len(agree.differences(found, words, port)) == 0
    found[3] += np.float32(2.0**-9)
    assert agree.differences(found, words, port).tolist() == [3]


def test_an_event_without_an_answer_differs():
    """A NaN is no answer."""
    words = np.zeros(2, np.int32)
    assert agree.differences(np.array([0, np.nan]), words, Port(True, 7, 9)).tolist() == [1]


def test_exported_words_are_those_of_the_program(tmp_path):
    """A file holds features, words and ranges of the same events."""
    program = programs.load(places.PROGRAM)
    values = events.random(features.INPUT_PORTS, 100)
    events.write(tmp_path / "events.npz", values, program)
    with np.load(tmp_path / "events.npz") as file:
        direct = program.predict(file["features"].astype(np.float64), n_threads=1)[:, 0]
        port, = programs.output_ports(program)
        assert len(agree.differences(direct, file["margin"], port)) == 0
        assert np.array_equal(file["inside"], ports.inside(values, features.INPUT_PORTS))


class Daemon:
    """Answers what it is told to, in place of a client, and remembers how it was asked."""

    def __init__(self, margins):
        self.margins, self.asked = margins, []

    def score(self, model, events, raw, outputs):
        """The next answers."""
        start = sum(self.asked)
        self.asked.append(len(events))
        value = self.margins[start:start + len(events)]
        return SimpleNamespace(
            outputs={name: SimpleNamespace(value=value) for name in outputs},
            provenance=SimpleNamespace(device="firmware-software"))


@pytest.mark.parametrize("wrong", [0, 1])
def test_all_events_of_a_file_are_compared(tmp_path, capsys, wrong):
    """However many requests they take; the first that differs is named."""
    program = programs.load(places.PROGRAM)
    port, = programs.output_ports(program)
    values = events.random(features.INPUT_PORTS, agree.REQUEST_EVENTS + 1)
    events.write(tmp_path / "events.npz", values, program)
    margins = program.predict(values.astype(np.float64), n_threads=1)[:, 0].astype(np.float32)
    margins[-1] += wrong
    daemon = Daemon(margins)
    assert agree.compared(daemon, places.MODEL, tmp_path / "events.npz", port) == wrong
    assert daemon.asked == [agree.REQUEST_EVENTS, 1]
    printed = capsys.readouterr().out
    assert "by firmware-software: " in printed
    assert (f"event {agree.REQUEST_EVENTS}: found" in printed) == bool(wrong)
