"""pattern-autoencoder: how unlike one site's light pattern an event's pattern is.

Input `hits` (batch, 61) phd. Outputs `score` (batch), the mean squared pull, and `pulls`
(batch, 61): each PMT's deviation from the reconstructed pattern in standard deviations, which
shows where the score comes from.
"""

import torch
from torch import nn

from dataset.pmt_array import GAIN_SPREAD, PMT_COUNT, SPE_RESOLUTION

from . import data, export, fitting, lanes

LATENT = 4
"""Enough for x, y, the area and the wall; too few for a second site."""
FLOOR_PHD2 = 0.5
"""Variance added everywhere, so that a dim tube's single photon is no 10-sigma pull."""


class PatternAutoencoder(nn.Module):
    """61-64-32-4-32-64-61 on the root of the light shares; the output is a pattern of shares."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(PMT_COUNT + 1, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, LATENT))
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU(),
            nn.Linear(64, PMT_COUNT + -PMT_COUNT % lanes.LANES))
        columns = torch.arange(self.decoder[-1].out_features)
        self.register_buffer("not_tube", torch.where(columns < PMT_COUNT, 0.0, -1e4))

    def forward(self, hits):
        s2_top = lanes.row_sum(hits, PMT_COUNT)
        share = 3 * torch.sqrt(torch.relu(hits / s2_top))
        code = self.encoder(torch.cat([share, lanes.log10(s2_top) - 3], dim=1))
        expected = s2_top * torch.softmax(self.decoder(code) + self.not_tube, dim=1)[:, :PMT_COUNT]
        pulls = (hits - expected) / torch.sqrt(variance_phd2(expected))
        return lanes.row_sum(pulls * pulls, PMT_COUNT)[:, 0] / PMT_COUNT, pulls


def variance_phd2(expected_phd):
    """Variance of a PMT area: Poisson photons of finite width, the gain spread, a floor."""
    return ((1 + SPE_RESOLUTION**2) * expected_phd + (GAIN_SPREAD * expected_phd) ** 2
            + FLOOR_PHD2)


def main():
    """Command line."""
    options = fitting.arguments(__doc__.splitlines()[0], "models/pattern-autoencoder/1/model.onnx",
                                seed=1, epochs=15)
    torch.manual_seed(options.seed)
    hits = torch.from_numpy(data.load_hits(options.data)[0])
    network = PatternAutoencoder()

    def loss_of_rows(rows):
        pulls = network(hits[rows])[1]
        return torch.log1p(pulls * pulls / 4).mean()  # bends outliers down, so they do not rule

    fitting.fit(network, loss_of_rows, len(hits), options.epochs, peak_rate=4e-3)
    export.export(network, options.out, "hits", ["score", "pulls"], hits[:4096].numpy())


if __name__ == "__main__":
    main()
