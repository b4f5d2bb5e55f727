"""How well a score tells two kinds of events apart."""

import numpy as np
from scipy.stats import rankdata


def area_under_curve(positive, negative):
    """Probability that a positive's score is above a negative's, ties counting half."""
    ranks = rankdata(np.concatenate([positive, negative]))[:len(positive)]
    wins = ranks.sum() - len(positive) * (len(positive) + 1) / 2
    return wins / (len(positive) * len(negative))
