"""Trains trigger-mlp on NR and ER, quantized and in floating point: two files of Keras.

    python -m firmware.train data/train.npz
"""

import argparse
import time
from pathlib import Path

import numpy as np

from train import data

from . import network, places
from .features import SCALES

BATCH_EVENTS = 2048
PEAK_RATE, LAST_RATE = 8e-3, 1e-4
CALIBRATION_BATCH = 8192


def fit(model, inputs, is_nr, epochs, callbacks=()):
    """Minimises the cross entropy with Adam: one epoch of rising rate, then a cosine's fall."""
    keras = network.keras
    steps = len(inputs) // BATCH_EVENTS
    rate = keras.optimizers.schedules.CosineDecay(
        LAST_RATE, steps * epochs, warmup_target=PEAK_RATE, warmup_steps=steps)
    model.compile(optimizer=keras.optimizers.Adam(rate),
                  loss=keras.losses.BinaryCrossentropy(from_logits=True))
    start = time.monotonic()
    for epoch in range(epochs):
        history = model.fit(inputs, is_nr, batch_size=BATCH_EVENTS, verbose=0,
                            callbacks=list(callbacks))
        loss = history.history["loss"][-1]
        print(f"epoch {epoch + 1}/{epochs}: loss {loss:.5f}, {time.monotonic() - start:.0f} s",
              flush=True)


def quantized(inputs, is_nr, options):
    """The trained network whose bits were chosen by what they cost."""
    from hgq.utils import trace_minmax
    from hgq.utils.sugar import FreeEBOPs

    network.keras.utils.set_random_seed(options.seed)
    model = network.quantized(options.beta)
    fit(model, inputs, is_nr, options.epochs, [FreeEBOPs()])
    trace_minmax(model, inputs, batch_size=CALIBRATION_BATCH)
    network.widen(model)
    return model


def floating(inputs, is_nr, options):
    """The same network, trained in the same way without rounding."""
    network.keras.utils.set_random_seed(options.seed)
    model = network.floating()
    fit(model, inputs, is_nr, options.epochs)
    return model


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the training split, train.npz")
    parser.add_argument("--out", type=Path, default=places.KERAS_FOLDER,
                        help="folder of model.keras and float.keras (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--beta", type=float, default=3e-6,
                        help="price of a bit operation in units of the loss (default: %(default)s)")
    options = parser.parse_args()
    features, is_nr = data.load_features(options.data)
    inputs = np.ascontiguousarray(features * SCALES)
    options.out.mkdir(parents=True, exist_ok=True)
    quantized(inputs, is_nr, options).save(options.out / "model.keras")
    floating(inputs, is_nr, options).save(options.out / "float.keras")


if __name__ == "__main__":
    main()
