"""A model whose events take as long as they say, so that what is late is late anywhere."""

from __future__ import annotations

import os

import numpy as np
from onnx import TensorProto, checker, helper, save

from frames import message
from wire import Wire

MANIFEST = """\
name: slow
task: regression
engine: onnx
batching: {{maximum_rows: {rows}}}
inputs:
  - {{name: turns, range: [0, 0]}}
outputs:
  - {{name: score}}
"""
SIZE = 128


def write_slow_model(folder, fixed_rows=None):
    """Writes `slow` into a folder of models: one event a micro-batch or so many always, one lane."""
    (folder / "slow" / "1").mkdir(parents=True)
    (folder / "slow" / "model.yaml").write_text(MANIFEST.format(rows=fixed_rows or 1))
    save(graph(fixed_rows or "events"), str(folder / "slow" / "1" / "model.onnx"))
    return folder


def graph(rows="events"):
    """Answers its input after as many matrix products as the input says."""

    def matrix(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIZE, SIZE])

    def scalar(name, kind):
        return helper.make_tensor_value_info(name, kind, [])

    def events(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows])

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("MatMul", ["before", "unit"], ["after"]),
        ],
        "body",
        [scalar("turn", TensorProto.INT64), scalar("go", TensorProto.BOOL), matrix("before")],
        [scalar("on", TensorProto.BOOL), matrix("after")],
    )
    unit = np.eye(SIZE, dtype="f4").tobytes()
    whole = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["turns"], ["most"], keepdims=0),
            helper.make_node("Cast", ["most"], ["trips"], to=TensorProto.INT64),
            helper.make_node("Loop", ["trips", "", "unit"], ["last"], body=body),
            helper.make_node("ReduceMax", ["last"], ["one"], keepdims=0),
            helper.make_node("Sub", ["one", "one"], ["zero"]),
            helper.make_node("Add", ["turns", "zero"], ["score"]),
        ],
        "slow",
        [events("turns")],
        [events("score")],
        [helper.make_tensor("unit", TensorProto.FLOAT, [SIZE, SIZE], unit, raw=True)],
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model


def slow(turns, rows=1, **options):
    """A request of `rows` events that take `turns` each."""
    return message("slow", "turns", np.full(rows, turns), **options)


def turns_per_second(running):
    """Turns that the daemon takes in a second of processor time, whatever else runs."""
    count, took = 1000.0, 0.0
    with Wire(running.endpoint) as peer:
        peer.ask(slow(100))
        while took < 0.5:
            count *= 2
            began = processor_seconds(running)
            assert peer.ask(slow(count)).code == "OK"
            took = processor_seconds(running) - began
    return count / took


def processor_seconds(running):
    """Processor time that a daemon has used."""
    with open(f"/proc/{running.process.pid}/stat") as fields:
        user, system = fields.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
