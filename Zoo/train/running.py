"""Runs an ONNX file, and finds whether an event's numbers depend on its batch."""

import numpy as np
import onnxruntime

BATCH_SIZES = (1, 2, 3, 7, 16, 64, 256, 1024)


def session(model):
    """An ONNX Runtime session on one CPU thread, of a file or of a model's bytes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(model, events, batch_size=1024):
    """Outputs (name -> array) of a session over `events` in batches of `batch_size`."""
    name = model.get_inputs()[0].name
    parts = [model.run(None, {name: events[start:start + batch_size]})
             for start in range(0, len(events), batch_size)]
    names = [output.name for output in model.get_outputs()]
    return {name: np.concatenate(column) for name, column in zip(names, zip(*parts))}


def batch_dependent_outputs(path, events):
    """Names of outputs with a row whose bits change with batch size or place in the batch.

    Batches begin at shifted offsets too, so that each row is seen at many places.
    """
    model = session(path)
    events = events[:BATCH_SIZES[-1]]
    reference = run(model, events)
    variant = set()
    for batch_size in BATCH_SIZES:
        for offset in {0, 1, batch_size // 2}:
            for name, found in run(model, events[offset:], batch_size).items():
                if not np.array_equal(found, reference[name][offset:], equal_nan=True):
                    variant.add(name)
    return sorted(variant)
