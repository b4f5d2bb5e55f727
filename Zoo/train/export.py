"""Writes a trained module as one ONNX file and proves that the file does what the module did."""

import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

OPSET = 18
BATCH_SIZES = (1, 2, 3, 7, 16, 64, 256, 1024)
EXAMPLE_EVENTS = 32
TOLERANCE = 1e-4
"""Allowed difference to torch relative to the largest value of an output, float32 rounding."""


def export(module, path, input_name, output_names, events):
    """Exports `module`; `events` (N >= 1024, width) float32 are real inputs to check it with."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    module.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module, (torch.from_numpy(events[:EXAMPLE_EVENTS]),), str(path),
            input_names=[input_name], output_names=output_names, opset_version=OPSET,
            dynamic_axes={name: {0: "batch"} for name in [input_name, *output_names]},
            dynamo=False)
    onnx.checker.check_model(str(path), full_check=True)
    difference = difference_to_module(module, path, input_name, events)
    variant = batch_dependent_outputs(path, events)
    if difference > TOLERANCE or variant:
        sys.exit(f"{path}: differs from torch by {difference:.1e} of full scale, "
                 f"batch-dependent outputs: {variant or 'none'}")
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, differs from torch by {difference:.1e} "
          "of full scale, every row bit-identical in every batch")


def session(path):
    """An ONNX Runtime session on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(model, events, batch_size=1024):
    """Outputs (name -> array) of a session over `events` in batches of `batch_size`."""
    name = model.get_inputs()[0].name
    parts = [model.run(None, {name: events[start:start + batch_size]})
             for start in range(0, len(events), batch_size)]
    names = [output.name for output in model.get_outputs()]
    return {name: np.concatenate(column) for name, column in zip(names, zip(*parts))}


def difference_to_module(module, path, input_name, events):
    """Largest difference between file and module, relative to each output's largest value."""
    model = session(path)
    if [tensor.name for tensor in model.get_inputs()] != [input_name]:
        sys.exit(f"{path}: the exporter renamed the input {input_name}")
    with torch.no_grad():
        wanted = [output.numpy() for output in module(torch.from_numpy(events))]
    difference = 0.0
    for (name, found), expected in zip(run(model, events, len(events)).items(), wanted):
        if found.shape != expected.shape:
            sys.exit(f"{path}: output {name} has shape {found.shape}, torch gives {expected.shape}")
        difference = max(difference, np.abs(found - expected).max() / np.abs(expected).max())
    return difference


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
