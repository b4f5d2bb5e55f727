"""The network of trigger-mlp, 5-16-8-1: quantized while it is trained (HGQ), and in floating point.

Both take inputs times `features.SCALES`. Needs the whole environment of requirements.txt.
"""

import keras
import numpy as np
import torch
from da4ml.converter import trace_model
from da4ml.trace import FixedVariableArray, HWConfig, comb_trace
from da4ml.types import QInterval, minimal_kif
from hgq.config import LayerConfigScope, QuantizerConfig, QuantizerConfigScope
from hgq.layers import QDense

from .features import INPUT_PORTS, SCALED_INTEGER, SCALES

HIDDEN = [16, 8]
INPUT_COUNT = len(INPUT_PORTS)
ADDERS = HWConfig(1, -1, -1)
"""One unit of latency an adder, whatever its width."""
SOLVER = {"hard_dc": 2}
"""Lets no sum of products be deeper than the shallowest by more than two adders."""

torch.set_num_threads(1)


def quantized(beta):
    """The network to train; `beta` is the price of a bit operation in units of the loss."""
    ports = QuantizerConfig("kif", "datalane", round_mode="TRN", overflow_mode="WRAP",
                            trainable=False)
    with (QuantizerConfigScope(place="all", default_q_type="kbi", b0=7, i0=2,
                               overflow_mode="SAT_SYM"),
          QuantizerConfigScope(place="datalane", default_q_type="kif", i0=3, f0=6,
                               round_mode="TRN", overflow_mode="WRAP"),
          LayerConfigScope(enable_ebops=True, beta0=beta)):
        model = keras.Sequential([
            keras.layers.Input((INPUT_COUNT,)),
            QDense(HIDDEN[0], activation="relu", iq_conf=ports, name="first"),
            QDense(HIDDEN[1], activation="relu", name="second"),
            QDense(1, name="margin"),
        ])
    fix_ports(model.layers[0].iq.quantizer)
    return model


def fix_ports(quantizer):
    """Gives the input quantizer the ports' formats, which training leaves as they are."""
    quantizer.trainable = False
    for variable, formats in (
            (quantizer._k, [port.signed for port in INPUT_PORTS]),
            (quantizer._i, [SCALED_INTEGER] * INPUT_COUNT),
            (quantizer._f, [port.integer + port.fraction - SCALED_INTEGER
                            for port in INPUT_PORTS])):
        variable.assign(np.array(formats).reshape(variable.shape))


def floating():
    """The same network without any rounding, to compare with."""
    return keras.Sequential([
        keras.layers.Input((INPUT_COUNT,)),
        *(keras.layers.Dense(width, activation="relu") for width in HIDDEN),
        keras.layers.Dense(1, name="margin"),
    ])


def widen(model):
    """Gives every activation the integer bits that any event within the ports may need.

    HGQ takes them from the events that it saw; an event unlike those would wrap inside the network
    and come out as anything. The bounds are da4ml's, by interval arithmetic, layer by layer.
    """
    for before, layer in zip(model.layers, model.layers[1:]):
        quantizer = layer.iq.quantizer
        bits = quantizer.i.detach().cpu().numpy().ravel()
        fractions = quantizer.f.detach().cpu().numpy().ravel()
        bounds = _symbolic(model, dump=True)[f"/{before.name}/final"][0]
        for neuron, bound in enumerate(bounds.ravel()):
            step = 2.0 ** -fractions[neuron]
            highest = np.floor(float(bound.high) / step) * step
            if bits[neuron] + fractions[neuron] > 0 and highest > 0:
                needed = minimal_kif(QInterval(0.0, float(highest), float(step))).integers
                bits[neuron] = max(bits[neuron], needed)
        quantizer._i.assign(bits.reshape(quantizer._i.shape))


def program(model):
    """The network as da4ml's program on physical values at the ports."""
    inputs = _inputs()
    outputs = _symbolic(model, inputs)
    return comb_trace(inputs, outputs, keep_dead_inputs=True)


def _inputs():
    formats = np.array([(port.signed, port.integer, port.fraction) for port in INPUT_PORTS])
    return FixedVariableArray.from_kif(*formats.T.astype(np.int8), hwconf=ADDERS,
                                       solver_options=SOLVER)


def _symbolic(model, inputs=None, dump=False):
    """What the network makes of symbolic inputs; with `dump` what all layers make, by name."""
    inputs = _inputs() if inputs is None else inputs
    traced = trace_model(model, hwconf=ADDERS, solver_options=SOLVER, inputs=inputs * SCALES,
                         dump=dump)
    return traced if dump else traced[1]
