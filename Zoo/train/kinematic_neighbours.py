"""kinematic-neighbours: how far an event is from normal events in areas, drift time and position.

Input `features` (batch, 5): s1c phd, s2c phd, drift_time us, x_s2 mm, y_s2 mm. Output `score`
(batch): the distance to the 8th nearest of 2,048 ER and NR events (Ramaswamy, Rastogi and Shim
2000), in units of the features' covariance (Mahalanobis distance) with areas as log10.
"""

import torch
from torch import nn

from . import data, export, fitting, lanes
from .er_nr_mlp import FEATURE_COUNT, Standardisation

REFERENCES = 2048
"""Twice as many find little more at almost twice the time and size."""
NEIGHBOURS = 8
"""Fewer rank accidental coincidences lower; more cost time and find less wall leakage at 1 % of
normal events."""


class Neighbours(nn.Module):
    """The served graph. Its references are the first events: the training split is shuffled."""

    def __init__(self, features):
        super().__init__()
        inputs = Standardisation.transformed(features).double()
        whitening = torch.linalg.cholesky(torch.linalg.inv(torch.cov(inputs.T)))
        self.register_buffer("mean", inputs.mean(dim=0).float())
        self.register_buffer("whitening", whitening.float())
        references = self.whitened(features[:REFERENCES])
        self.register_buffer("weights", -2 * references.T.contiguous())
        self.register_buffer("squares", (references * references).sum(dim=1))

    def whitened(self, features):
        """Features (batch, 5) with mean zero, variance one and no correlation."""
        return (Standardisation.transformed(features) - self.mean) @ self.whitening

    def forward(self, features):
        inputs = self.whitened(features)
        # |r - x|^2 = |r|^2 - 2 r.x + |x|^2, the last of which does not change the order. No event
        # is close to eight references, so the root is never one of a rounding error below zero.
        partial = torch.addmm(self.squares, inputs, self.weights)
        farthest = torch.topk(partial, NEIGHBOURS, dim=1, largest=False).values[:, -1:]
        return (torch.sqrt(farthest + lanes.row_sum(inputs * inputs, FEATURE_COUNT))[:, 0],)


def main():
    """Command line."""
    options = fitting.arguments(__doc__.splitlines()[0], "models/kinematic-neighbours/1/model.onnx")
    torch.set_num_threads(1)
    features = torch.from_numpy(data.load_features(options.data)[0])
    export.export(Neighbours(features), options.out, "features", ["score"],
                  features[-4096:].numpy())


if __name__ == "__main__":
    main()
