"""Firmware as software: the interpreter and da4ml's library give the firmware's bits, and say so."""

import json

import numpy as np
import pytest
from daemon import START_SECONDS, wait_until
from firmware import MODEL, Served, golden, margins, ports

OUT_OF_RANGE = 8


@pytest.fixture(params=["interpreter", "library"])
def software(request, tmp_path):
    keys = f"firmware: {{software: {request.param}}}\n"
    files = ["inference.so"] if request.param == "library" else []
    with Served(tmp_path, keys=keys, with_files=files).daemon() as daemon:
        yield daemon


def test_golden_events(software):
    features, expected = golden()
    with software.client() as client:
        scores = margins(client, features)
    np.testing.assert_array_equal(scores.outputs["margin"].value, expected)
    assert scores.provenance.device == "firmware-software"
    assert scores.provenance.engine == "vigil-firmware 1"
    assert scores.provenance.precision == "fixed"
    assert scores.outputs["margin"].flags is None or not scores.outputs["margin"].flags.any()


def test_values_between_two_words_are_rounded_down(software):
    features, expected = golden()
    steps = np.array([2.0 ** -fraction for _, _, fraction in ports("inputs")], np.float32)
    with software.client() as client:
        found = margins(client, features + steps * np.float32(0.75)).outputs["margin"].value
    np.testing.assert_array_equal(found, expected)


def test_an_event_beyond_the_ports_is_wrapped_and_flagged(software):
    features, expected = golden()
    moved = features.copy()
    for event, port in enumerate(ports("inputs")):
        signed, integer, _ = port
        moved[event, event] += 2.0 ** (integer + signed)
    with software.client() as client:
        scores = margins(client, moved)
    flags = scores.outputs["margin"].flags
    count = len(ports("inputs"))
    assert (flags[:count] == OUT_OF_RANGE).all() and not flags[count:].any()
    np.testing.assert_array_equal(scores.outputs["margin"].value, expected)


def test_an_event_is_itself_whatever_its_request(software):
    features, expected = golden()
    with software.client() as client:
        for count in (1, 2, 3, 17, 63, 500):
            found = margins(client, features[-count:]).outputs["margin"].value
            np.testing.assert_array_equal(found, expected[-count:])


def test_an_event_that_is_not_finite_carries_no_value(tmp_path):
    features, expected = golden()
    features[1, 0] = np.nan
    with Served(tmp_path).daemon() as daemon, daemon.client() as client:
        scores = margins(client, features)
    found, flags = scores.outputs["margin"].value, scores.outputs["margin"].flags
    assert np.isnan(found[1]) and flags[1] == 1 and not np.delete(flags, 1).any()
    np.testing.assert_array_equal(np.delete(found, 1), np.delete(expected, 1))


def reason(served):
    """Why the model does not serve."""
    with served.daemon().start(wait=False) as daemon, daemon.client() as client:
        wait_until(lambda: "models are loading" not in client.status().reasons, START_SECONDS)
        (model,) = client.models()
        assert model.state == "failed"
        (line,) = client.status().reasons
    return line


def change(served, edit):
    path = served.version / "firmware.json"
    described = json.loads(path.read_text())
    edit(described)
    path.write_text(json.dumps(described))


def test_a_library_that_is_not_there(tmp_path):
    line = reason(Served(tmp_path, keys="firmware: {software: library}\n"))
    assert "inference.so" in line and "No such file" in line


def test_a_program_that_is_not_the_one_described(tmp_path):
    served = Served(tmp_path)
    program = served.version / "program.dais"
    data = bytearray(program.read_bytes())
    data[-4] ^= 1
    program.write_bytes(data)
    line = reason(served)
    assert "firmware.json: program.sha256: found" in line


def test_golden_words_that_the_program_does_not_give(tmp_path):
    import hashlib

    served = Served(tmp_path)
    path = served.version / "golden.bin"
    words = np.fromfile(path, "<i4")
    words[-1] ^= 1
    words.tofile(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    change(served, lambda described: described["golden"].update(sha256=digest))
    line = reason(served)
    assert "golden check" in line and "word 0 of event 1023" in line


@pytest.mark.parametrize(
    "edit, words",
    [
        (lambda described: described.update(colour=1), "unknown"),
        (lambda described: described.pop("kernel"), "kernel"),
        (lambda described: described["inputs"][0]["ports"][0].update(overflow="clip"), "overflow"),
        (lambda described: described["inputs"][0]["ports"].pop(), "ports"),
        (lambda described: described.update(input_stride_bytes=48), "input_stride_bytes"),
    ],
)
def test_a_description_that_is_wrong(tmp_path, edit, words):
    served = Served(tmp_path)
    change(served, edit)
    line = reason(served)
    assert line.startswith(f"model {MODEL}: 1/firmware.json: firmware: firmware.json: ") and words in line
