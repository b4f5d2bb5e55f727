"""hls4ml's C simulation of the trained network: an oracle that shares no code with da4ml."""

from . import network

PROJECT = "trigger_mlp"
INPUTS_AS_THEY_COME = "ap_fixed<1,0>"
"""hls4ml's precision for what has none of its own; all of the network has."""


def simulation(model, folder):
    """The compiled simulation in `folder`: takes scaled inputs (N, 5), gives margins (N,)."""
    from hls4ml.converters import convert_from_keras_model

    converted = convert_from_keras_model(
        model, output_dir=str(folder), project_name=PROJECT, backend="Vitis",
        hls_config={"Model": {"Precision": INPUTS_AS_THEY_COME, "ReuseFactor": 1,
                              "Strategy": "latency"}})
    converted.compile()
    return lambda inputs: converted.predict(inputs).reshape(len(inputs))


def keras_answers(model, inputs):
    """The network's own margins (N,) of scaled inputs."""
    return model.predict(inputs, batch_size=len(inputs), verbose=0).reshape(len(inputs))


def trained(path):
    """The trained network."""
    return network.keras.models.load_model(path)
