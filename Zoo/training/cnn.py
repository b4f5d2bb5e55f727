"""Position CNN with quantiles: python -m training.cnn TRAIN.npz MODEL.onnx."""

import sys

import numpy as np
import torch
from torch import nn

from dataset.detector import hexagonal_axes

from .data import load
from .network import export, fit, log10, row_sum

QUANTILES = (0.05, 0.5, 0.95)
SCALE_MM = 200.0
EPOCHS = 10
SIDE = 9
OUTPUTS = ["x", "x_low", "x_high", "y", "y_low", "y_high", "s2_top"]


class PositionNetwork(nn.Module):
    """Fractions of light on a 9 x 9 image to three quantiles of x and of y, in SCALE_MM."""

    def __init__(self) -> None:
        super().__init__()
        axes = hexagonal_axes() + 4
        place = np.zeros((len(axes), SIDE * SIDE), np.float32)
        place[np.arange(len(axes)), axes[:, 0] * SIDE + axes[:, 1]] = 1
        self.register_buffer("place", torch.from_numpy(place))
        self.convolutions = nn.Sequential(
            nn.Conv2d(2, 24, 3, padding=1), nn.ReLU(),
            nn.Conv2d(24, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 3),
        )
        self.head = nn.Sequential(
            nn.Linear(32 * 9 + 1, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 6)
        )

    def forward(self, hits: torch.Tensor) -> torch.Tensor:
        total = row_sum(hits).clamp(min=1)
        share = hits / total
        # The root brings out the dim PMTs, which tell the distance.
        image = torch.stack([share * 10, share.clamp(min=0).sqrt() * 3], 1)
        image = torch.matmul(image, self.place).reshape(-1, 2, SIDE, SIDE)
        inner = self.convolutions(image).flatten(1)
        return self.head(torch.cat([inner, log10(total) - 3], 1))


class PositionOutputs(nn.Module):
    """The network's quantiles by name, in mm, and the light in the top array."""

    def __init__(self, network: PositionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, hits: torch.Tensor) -> tuple[torch.Tensor, ...]:
        position = self.network(hits) * SCALE_MM
        low_x, x, high_x, low_y, y, high_y = position.unbind(1)
        return x, low_x, high_x, y, low_y, high_y, row_sum(hits).squeeze(1)


def pinball(predicted: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Quantile loss (Koenker and Bassett 1978), summed over quantiles and axes."""
    loss = predicted.new_zeros(())
    for axis in range(2):
        for index, quantile in enumerate(QUANTILES):
            error = truth[:, axis] - predicted[:, 3 * axis + index]
            loss = loss + torch.maximum(quantile * error, (quantile - 1) * error).mean()
    return loss


def main(train: str, model: str) -> None:
    torch.set_num_threads(1)
    columns = load(train)
    truth = np.column_stack([columns["true_x"], columns["true_y"]]).astype(np.float32) / SCALE_MM
    torch.manual_seed(11)
    network = PositionNetwork()
    fit(network, pinball, columns["hits"], truth, EPOCHS, seed=11)
    export(PositionOutputs(network), model, "hits", 61, OUTPUTS)


if __name__ == "__main__":
    main(*sys.argv[1:])
