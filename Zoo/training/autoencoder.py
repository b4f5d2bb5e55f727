"""Hit-pattern autoencoder: python -m training.autoencoder TRAIN.npz MODEL.onnx."""

import sys

import numpy as np
import torch
from torch import nn

from .data import load
from .network import export, fit, log10, row_sum

EPOCHS = 25
LATENT = 4


class PatternAutoencoder(nn.Module):
    """Pattern to expected pattern through four numbers; pulls in units of Poisson noise."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Linear(62, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, LATENT)
        )
        self.decode = nn.Sequential(
            nn.Linear(LATENT, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 61)
        )

    def forward(self, hits: torch.Tensor) -> torch.Tensor:
        total = row_sum(hits).clamp(min=1)
        share = hits / total
        inner = torch.cat([(share.clamp(min=0) * 10).sqrt(), log10(total) - 3], 1)
        expected = total * torch.softmax(self.decode(self.encode(inner)), 1)
        # Variance of the expected light: Poisson, single-photon smearing, gains, a floor.
        variance = 1.12 * expected + (0.02 * expected) ** 2 + 0.5
        return (hits - expected) / variance.sqrt()


class PatternOutputs(nn.Module):
    """Mean squared pull, and the pulls, which are the explanation."""

    def __init__(self, network: PatternAutoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, hits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pulls = self.network(hits)
        return row_sum(pulls * pulls).squeeze(1) / 61, pulls


def mean_squared_pull(pulls: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    """What is minimised, with outliers bent down so that they do not rule."""
    return torch.log1p(pulls * pulls / 4).mean()


def main(train: str, model: str) -> None:
    torch.set_num_threads(1)
    hits = load(train)["hits"][:300_000]
    torch.manual_seed(13)
    network = PatternAutoencoder()
    fit(network, mean_squared_pull, hits, np.zeros((len(hits), 1), np.float32), EPOCHS, seed=13)
    export(PatternOutputs(network), model, "hits", 61, ["score", "pulls"])


if __name__ == "__main__":
    main(*sys.argv[1:])
