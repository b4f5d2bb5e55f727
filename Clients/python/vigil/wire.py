"""The generated messages, named once; untyped, for the generated code carries no types."""

from __future__ import annotations

from typing import Any

from . import vigil_pb2 as _generated

wire: Any = _generated
