"""From a trained network to the firmware of a card: the tool chain of trigger-mlp."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
