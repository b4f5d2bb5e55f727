"""er-nr-mlp: a deep ensemble of five 5-64-64-1 networks that tells NR from ER.

Input `features` (batch, 5): s1c phd, s2c phd, drift_time us, x_s2 mm, y_s2 mm. Outputs `margin`
(batch), the logit of the members' mean P(NR), and `spread` (batch), the standard deviation of
P(NR) over the members (Lakshminarayanan et al. 2017).
"""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad, relu

from . import data, export, fitting, lanes

MEMBERS = 5
WIDTH = 64
FEATURE_COUNT = len(data.FEATURES)


class Standardisation(nn.Module):
    """Physical units to standardised inputs; the areas enter as log10."""

    def __init__(self, features):
        super().__init__()
        raw = self.transformed(features)
        self.register_buffer("mean", raw.mean(dim=0))
        self.register_buffer("scale", raw.std(dim=0))

    @staticmethod
    def transformed(features):
        areas = [lanes.log10(features[:, :1]), lanes.log10(features[:, 1:2])]
        return torch.cat([*areas, features[:, 2:]], dim=1)

    def forward(self, features):
        return (self.transformed(features) - self.mean) / self.scale


class Members(nn.Module):
    """The members' weights side by side, (members, in, out), to be trained at once."""

    def __init__(self):
        super().__init__()
        sizes = [(FEATURE_COUNT, WIDTH), (WIDTH, WIDTH), (WIDTH, 1)]
        self.weights = nn.ParameterList(
            torch.randn(MEMBERS, inputs, outputs) * (2 / inputs) ** 0.5
            for inputs, outputs in sizes)
        self.biases = nn.ParameterList(torch.zeros(MEMBERS, 1, outputs) for _, outputs in sizes)

    def forward(self, inputs):
        """Logits (members, batch) of standardised inputs (members, batch, 5)."""
        values = inputs
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            values = torch.baddbmm(bias, values if layer == 0 else relu(values), weight)
        return values.squeeze(2)


class Ensemble(nn.Module):
    """The served graph: two-dimensional products only, nonlinear functions on full lanes."""

    def __init__(self, standardisation, members):
        super().__init__()
        first, second, last = (weight.detach() for weight in members.weights)
        bias_first, bias_second, bias_last = (bias.detach() for bias in members.biases)
        self.standardisation = standardisation
        self.register_buffer("weight_first", torch.cat(list(first), dim=1))
        self.register_buffer("bias_first", bias_first.flatten())
        self.second = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(MEMBERS))
        for layer, weight, bias in zip(self.second, second, bias_second):
            layer.weight.data, layer.bias.data = weight.T.contiguous(), bias[0].clone()
        self.register_buffer("weight_last", pad(torch.block_diag(*last),
                                                (0, lanes.LANES - MEMBERS)))
        self.register_buffer("bias_last", pad(bias_last.flatten(), (0, lanes.LANES - MEMBERS)))
        self.register_buffer("is_member", (torch.arange(lanes.LANES) < MEMBERS).float())
        self.register_buffer("not_member", torch.where(self.is_member > 0, 0.0, -1e30))

    def forward(self, features):
        logits = self.logits(self.standardisation(features))
        likeliness_nr, likeliness_er = log_sigmoid(logits), log_sigmoid(-logits)
        margin = self.log_sum(likeliness_nr) - self.log_sum(likeliness_er)
        return margin, self.spread(logits)

    def logits(self, inputs):
        """(batch, LANES): the members' logits, then zeros."""
        hidden = relu(torch.addmm(self.bias_first, inputs, self.weight_first))
        parts = [relu(layer(part)) for layer, part in zip(self.second, hidden.split(WIDTH, dim=1))]
        return torch.addmm(self.bias_last, torch.cat(parts, dim=1), self.weight_last)

    def log_sum(self, logs):
        """Log of the sum over members of exp(logs), (batch): no overflow, no rounding to 0 or 1."""
        logs = logs + self.not_member
        highest = logs.max(dim=1, keepdim=True).values
        total = torch.exp(logs - highest).sum(dim=1, keepdim=True)
        return (highest + torch.log(lanes.spread_out(total)))[:, 0]

    def spread(self, logits):
        """Standard deviation over the members of P(NR), (batch)."""
        probability = torch.sigmoid(logits)
        mean = (probability * self.is_member).sum(dim=1, keepdim=True) / MEMBERS
        deviation = (probability - mean) * self.is_member
        return torch.sqrt((deviation * deviation).sum(dim=1) / MEMBERS)


def log_sigmoid(logits):
    """log(1 / (1 + exp(-logits))) without overflow."""
    return -torch.log(1 + torch.exp(-logits.abs())) - relu(-logits)


def main():
    """Command line."""
    options = fitting.arguments(__doc__.splitlines()[0], "models/er-nr-mlp/1/model.onnx",
                                seed=1, epochs=10)
    torch.manual_seed(options.seed)
    features, is_nr = map(torch.from_numpy, data.load_features(options.data))
    standardisation = Standardisation(features)
    inputs = standardisation(features)
    members = Members()

    def loss_of_rows(rows):
        return binary_cross_entropy_with_logits(members(inputs[rows]), is_nr[rows])

    fitting.fit(members, loss_of_rows, len(inputs), options.epochs, peak_rate=6e-3, sets=MEMBERS)
    export.export(Ensemble(standardisation, members), options.out, "features",
                  ["margin", "spread"], features[:4096].numpy())


if __name__ == "__main__":
    main()
