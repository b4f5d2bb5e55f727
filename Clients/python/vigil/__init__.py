"""Client of vigild, the inference daemon for rare-event searches.

Example::

    import vigil

    with vigil.Client("tcp://localhost:5555") as client:
        scores = client.score("position-cnn", hits, coverage=0.9)
        scores.value, scores.lower, scores.upper
"""

from .aio import AsyncClient
from .answers import (
    FLAG_INFINITE,
    FLAG_NONFINITE,
    FLAG_UNBINNED,
    Output,
    Provenance,
    Region,
    Scores,
    Timing,
)
from .client import Client
from .descriptions import (
    Axis,
    Bins,
    Calibrations,
    CalibrationState,
    CoverageStanding,
    DaemonStatus,
    Model,
    RegionDescription,
    TensorDescription,
    Truths,
    UncertaintyDescription,
)
from .errors import (
    BadReply,
    CannotConnect,
    ConnectionLost,
    DeadlineExceeded,
    Forbidden,
    Internal,
    InvalidRequest,
    NoReply,
    NotFound,
    Overloaded,
    Unauthenticated,
    Unavailable,
    Unsupported,
    VigilError,
)
from .memory import keep_freed_memory

__all__ = [
    "AsyncClient",
    "Axis",
    "BadReply",
    "Bins",
    "CalibrationState",
    "Calibrations",
    "CannotConnect",
    "Client",
    "ConnectionLost",
    "CoverageStanding",
    "DaemonStatus",
    "DeadlineExceeded",
    "FLAG_INFINITE",
    "FLAG_NONFINITE",
    "FLAG_UNBINNED",
    "Forbidden",
    "Internal",
    "InvalidRequest",
    "Model",
    "NoReply",
    "NotFound",
    "Output",
    "Overloaded",
    "Provenance",
    "Region",
    "RegionDescription",
    "Scores",
    "TensorDescription",
    "Timing",
    "Truths",
    "Unauthenticated",
    "Unavailable",
    "UncertaintyDescription",
    "Unsupported",
    "VigilError",
    "keep_freed_memory",
]
