"""A model of Triton's python backend: an ONNX artefact, run by ONNX Runtime on one thread.

The configuration names the artefact. Requests that Triton has batched are run at once, as its
ONNX backend would.
"""

import json
import os
import sys

# Triton's interpreter reads neither PYTHONPATH nor a virtual environment.
sys.path.insert(0, os.environ["VIGIL_TRITON_SITE"])

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import triton_python_backend_utils as backend  # noqa: E402

TYPES = {
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
}


def load(path):
    """A session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def artefact(config):
    """The path that the configuration names."""
    return config["parameters"]["artefact"]["string_value"]


def described(tensor):
    """A tensor as a configuration says it: without the axis of events."""
    dims = [size if isinstance(size, int) else -1 for size in tensor.shape[1:]] or [1]
    return {"name": tensor.name, "data_type": TYPES[tensor.type], "dims": dims}


class TritonPythonModel:
    """What Triton calls."""

    @staticmethod
    def auto_complete_config(config):
        """Adds inputs and outputs as the artefact has them."""
        session = load(artefact(config.as_dict()))
        for tensor in session.get_inputs():
            config.add_input(described(tensor))
        for tensor in session.get_outputs():
            config.add_output(described(tensor))
        return config

    def initialize(self, arguments):
        """Loads the artefact."""
        self._session = load(artefact(json.loads(arguments["model_config"])))
        self._inputs = [tensor.name for tensor in self._session.get_inputs()]
        self._outputs = [tensor.name for tensor in self._session.get_outputs()]

    def execute(self, requests):
        """Runs a batch of requests; a response for each."""
        columns = [
            [backend.get_input_tensor_by_name(request, name).as_numpy() for request in requests]
            for name in self._inputs
        ]
        joined = [column[0] if len(column) == 1 else np.concatenate(column) for column in columns]
        results = self._session.run(self._outputs, dict(zip(self._inputs, joined)))
        ends = np.cumsum([len(rows) for rows in columns[0]])[:-1]
        parts = [np.split(result, ends) for result in results]
        return [
            backend.InferenceResponse(
                [backend.Tensor(name, part) for name, part in zip(self._outputs, row)]
            )
            for row in zip(*parts)
        ]
