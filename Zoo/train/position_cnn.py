"""position-cnn: x and y with quantiles from the light pattern of the top array.

Input `hits` (batch, 61) phd. Outputs (batch): `x`, `x_low`, `x_high`, `y`, `y_low`, `y_high` in
mm, the median and the 5 % and 95 % quantiles (pinball loss, Koenker and Bassett 1978), and
`s2_top` in phd, the sum of the hits.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu, softplus

from dataset.pmt_array import GRID_RADIUS, PMT_COUNT, axial_coordinates

from . import data, export, fitting, lanes

SIDE = 2 * GRID_RADIUS + 1
SCALE_MM = 200.0
"""Outputs of the network are in units of this length, close to one."""
QUANTILES = torch.tensor([[0.5], [0.05], [0.95]])
OUTPUTS = ["x", "x_low", "x_high", "y", "y_low", "y_high", "s2_top"]


def grid_sources():
    """For each cell of the 9 x 9 image the PMT shown there, or PMT_COUNT (a zero) for none."""
    sources = np.full((SIDE, SIDE), PMT_COUNT)
    q, r = (axial_coordinates() + GRID_RADIUS).T
    sources[q, r] = np.arange(PMT_COUNT)
    return torch.from_numpy(sources.flatten())


class PositionNetwork(nn.Module):
    """Convolutions over the array in axial coordinates, where a hexagon is a 9 x 9 image."""

    def __init__(self):
        super().__init__()
        self.register_buffer("sources", grid_sources())
        self.image = nn.Sequential(
            nn.Conv2d(2, 24, 3, padding=1), nn.ReLU(),
            nn.Conv2d(24, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3))
        self.head = nn.Sequential(
            nn.Linear(32 * (SIDE // 3) ** 2 + 1, 128), nn.ReLU(),
            nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, lanes.LANES))

    def forward(self, hits):
        s2_top = lanes.row_sum(hits, PMT_COUNT)
        share = lanes.padded(hits / s2_top, PMT_COUNT)[:, self.sources]
        # The root brings out the dim tubes, which tell the distance.
        pixels = torch.stack([10 * share, 3 * torch.sqrt(relu(share))], dim=1)
        image = self.image(pixels.reshape(-1, 2, SIDE, SIDE)).flatten(1)
        raw = self.head(torch.cat([image, lanes.log10(s2_top) - 3], dim=1))
        # Columns: x, y, then how far below and above them the quantiles lie; the rest is padding.
        distance = SCALE_MM * softplus(raw)
        x, y = SCALE_MM * raw[:, 0], SCALE_MM * raw[:, 1]
        return (x, x - distance[:, 2], x + distance[:, 3],
                y, y - distance[:, 4], y + distance[:, 5], s2_top[:, 0])


def pinball(quantiles_mm, true_mm):
    """Mean pinball loss of (3, batch) predictions of true values (batch)."""
    error = (true_mm - quantiles_mm) / SCALE_MM
    return torch.maximum(QUANTILES * error, (QUANTILES - 1) * error).mean()


def main():
    """Command line."""
    options = fitting.arguments(__doc__.splitlines()[0], "models/position-cnn/1/model.onnx",
                                seed=1, epochs=8)
    torch.manual_seed(options.seed)
    hits, place_mm = map(torch.from_numpy, data.load_hits(options.data))
    network = PositionNetwork()

    def loss_of_rows(rows):
        outputs = torch.stack(network(hits[rows])[:6])
        true_mm = place_mm[rows]
        return pinball(outputs[:3], true_mm[:, 0]) + pinball(outputs[3:], true_mm[:, 1])

    fitting.fit(network, loss_of_rows, len(hits), options.epochs, peak_rate=4e-3)
    export.export(network, options.out, "hits", OUTPUTS, hits[:4096].numpy())


if __name__ == "__main__":
    main()
