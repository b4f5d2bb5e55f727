"""Loading of dataset files, shared by training and evaluation."""

import sys
import zipfile

import numpy as np

FEATURES = ["s1c", "s2c", "drift_time", "x_s2", "y_s2"]
"""Inputs of the ER/NR models, in order: phd, phd, us, mm, mm."""

ER, NR = 0, 1


def load(path, columns):
    """The named columns of one .npz file (name -> array); ends the program if it cannot be read."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in columns}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"cannot read the dataset file {path}: {error}; see README.md to generate it")


def features(columns):
    """The ER/NR inputs, shape (N, 5), float32."""
    return np.column_stack([columns[name] for name in FEATURES])


def load_features(path):
    """ER and NR events as (features (N, 5) float32, is_nr (N,) float32)."""
    columns = load(path, [*FEATURES, "kind"])
    normal = columns["kind"] <= NR
    return features(columns)[normal], (columns["kind"][normal] == NR).astype(np.float32)


def load_hits(path):
    """ER and NR events as (hits (N, 61) phd, true x and y (N, 2) mm), float32."""
    columns = load(path, ["hits", "true_x", "true_y", "kind"])
    normal = columns["kind"] <= NR
    place = np.column_stack([columns["true_x"], columns["true_y"]])
    return columns["hits"][normal], place[normal]
