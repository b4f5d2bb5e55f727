"""Writes a trained module as one ONNX file and proves that the file does what the module did."""

import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch

from .running import batch_dependent_outputs, run, session

OPSET = 18
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
