"""ER/NR deep ensemble: python -m training.mlp TRAIN.npz MODEL.onnx."""

import sys

import numpy as np
import torch
from torch import nn

from .data import FEATURES, NR, features, load
from .network import export, fit, log10

MEMBERS, WIDTH, EPOCHS = 5, 64, 8


class Preparation(nn.Module):
    """Physical units to what a network likes: log10 of the pulses, everything standardised."""

    def __init__(self, sample: np.ndarray) -> None:
        super().__init__()
        prepared = self._raw(torch.from_numpy(sample))
        self.register_buffer("mean", prepared.mean(0))
        self.register_buffer("scale", 1 / prepared.std(0))

    @staticmethod
    def _raw(x: torch.Tensor) -> torch.Tensor:
        s1 = log10(x[:, 0:1].clamp(min=1e-3))
        s2 = log10(x[:, 1:2].clamp(min=1e-3))
        return torch.cat([s1, s2, s2 - s1, x[:, 2:]], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self._raw(x) - self.mean) * self.scale


def member() -> nn.Sequential:
    """One network of the ensemble: logit of P(NR)."""
    return nn.Sequential(
        nn.Linear(6, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1)
    )


class Ensemble(nn.Module):
    """Mean of the members' logits, and the spread of their probabilities.

    Sums over the members are written out: a reduction's order of additions may depend on where
    a row lies in memory.
    """

    def __init__(self, preparation: Preparation, members: list[nn.Module]) -> None:
        super().__init__()
        self.preparation = preparation
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.preparation(x)
        logits = [member(x) for member in self.members]
        probabilities = [torch.sigmoid(logit) for logit in logits]
        mean = sum(probabilities) / MEMBERS
        spread = (sum((p - mean) * (p - mean) for p in probabilities) / MEMBERS).sqrt()
        return (sum(logits) / MEMBERS).squeeze(1), spread.squeeze(1)


def main(train: str, model: str) -> None:
    torch.set_num_threads(1)
    columns = load(train)
    x = features(columns)
    y = (columns["kind"] == NR).astype(np.float32)[:, None]
    preparation = Preparation(x)
    prepared = preparation(torch.from_numpy(x)).numpy()
    members = []
    for seed in range(MEMBERS):
        torch.manual_seed(seed)
        network = member()
        fit(network, nn.functional.binary_cross_entropy_with_logits, prepared, y, EPOCHS, seed)
        members.append(network)
    export(Ensemble(preparation, members), model, "features", len(FEATURES), ["margin", "spread"])


if __name__ == "__main__":
    main(*sys.argv[1:])
