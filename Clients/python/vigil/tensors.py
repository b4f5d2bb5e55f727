"""Arrays to wire tensors and back; nothing is copied that need not be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import BadReply
from .wire import wire

Array = NDArray[Any]
Buffer = bytes | memoryview | Array

#: A request whose tensors have at most this many bytes together travels in one frame.
INLINE_BYTES = 1024
#: Most dimensions of a tensor, the event axis included.
MAXIMUM_RANK = 8

_DTYPES: dict[int, np.dtype[Any]] = {
    wire.FLOAT32: np.dtype("<f4"),
    wire.FLOAT64: np.dtype("<f8"),
    wire.FLOAT16: np.dtype("<f2"),
    wire.INT8: np.dtype("i1"),
    wire.INT16: np.dtype("<i2"),
    wire.INT32: np.dtype("<i4"),
    wire.INT64: np.dtype("<i8"),
    wire.UINT8: np.dtype("u1"),
    wire.UINT16: np.dtype("<u2"),
    wire.UINT32: np.dtype("<u4"),
    wire.UINT64: np.dtype("<u8"),
    wire.BOOL: np.dtype("?"),
}
_TYPES = {dtype: type for type, dtype in _DTYPES.items()}
_BFLOAT16_BITS = np.dtype("<u2")


def type_name(type: int) -> str:
    """Name of a wire type as numpy spells it, as "float32"."""
    return str(wire.DataType.Name(type)).lower()


@dataclass(frozen=True)
class Named:
    """A tensor that is ready to travel.

    Attributes:
        name: name on the wire.
        type: wire type.
        content: C-contiguous little-endian elements, leading axis events (or, when
            ragged, the rows of all events one after the other).
        splits: int64 offsets of the events into `content`, events + 1 of them, or None.
    """

    name: str
    type: int
    content: Array
    splits: Array | None = None

    @property
    def events(self) -> int:
        """Events that the tensor is about."""
        return len(self.content) if self.splits is None else max(len(self.splits) - 1, 0)

    @property
    def byte_count(self) -> int:
        """Bytes of content and splits."""
        return self.content.nbytes + (0 if self.splits is None else self.splits.nbytes)


def named(name: str, value: Any, type: int | None, ragged: bool = False) -> Named:
    """A tensor from what a caller gave.

    Args:
        name: name on the wire, also for error texts.
        value: an array of shape (events, ...); for a ragged input a pair (content,
            row_splits) or a list of one array an event.
        type: wire type to convert to, or None to keep the array's own.
        ragged: whether the model takes events of varying length.

    Raises ValueError when the elements cannot be converted without loss that matters.
    """
    label = f"input {name!r}"
    content, splits = _ragged(label, value) if ragged else (_array(label, value), None)
    if content.ndim == 0:
        raise ValueError(f"{label}: a single number has no event axis")
    type, content = _converted(label, content, type)
    return Named(name, type, content, splits)


def event_ids(value: Any) -> Named:
    """The ids of the events: uint64, shape (events,)."""
    type, content = _converted("event_ids", _array("event_ids", value), wire.UINT64)
    return Named("event_ids", type, content)


def column(name: str, value: Any) -> Named:
    """A column: one float32 or float64 an event, shape (events,)."""
    label = f"column {name!r}"
    values = _array(label, value)
    narrow = values.dtype.kind == "f" and values.dtype.itemsize <= 4
    type, content = _converted(label, values, wire.FLOAT32 if narrow else wire.FLOAT64)
    return Named(name, type, content)


def _array(label: str, value: Any) -> Array:
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(f"{label}: masked elements have no wire form; fill them first")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{label}: not an array: {error}") from error


def _ragged(label: str, value: Any) -> tuple[Array, Array]:
    """Content and int64 row splits of a ragged value."""
    if isinstance(value, tuple):
        if len(value) != 2:
            raise ValueError(f"{label}: a tuple means (content, row_splits)")
        content = _array(label, value[0])
        _, splits = _converted(f"{label} row_splits", _array(label, value[1]), wire.INT64)
        if splits.ndim != 1 or len(splits) == 0:
            raise ValueError(f"{label}: row_splits has shape {splits.shape}, not (events + 1,)")
        return content, splits
    if not isinstance(value, list):
        raise ValueError(f"{label} is ragged: give (content, row_splits) or a list of arrays")
    if not value:
        raise ValueError(f"{label}: an empty list; give (content, row_splits) for no events")
    rows = [_array(label, row) for row in value]
    try:
        content = np.concatenate(rows)
    except ValueError as error:
        raise ValueError(f"{label}: events do not fit together: {error}") from error
    splits = np.zeros(len(rows) + 1, dtype="<i8")
    np.cumsum([len(row) for row in rows], out=splits[1:])
    return content, splits


def _converted(label: str, array: Array, type: int | None) -> tuple[int, Array]:
    """The wire type and the array as it travels, or ValueError."""
    if array.dtype.name == "bfloat16":  # of ml_dtypes; numpy has none of its own
        if type not in (None, wire.BFLOAT16):
            raise _mismatch(label, array.dtype, type)
        return wire.BFLOAT16, np.ascontiguousarray(array).view(_BFLOAT16_BITS)
    if type == wire.BFLOAT16 and array.dtype == _BFLOAT16_BITS:
        return type, array if array.flags.c_contiguous else array.copy(order="C")
    if type is None:
        type = _TYPES.get(array.dtype.newbyteorder("<"))
        if type is None:
            raise ValueError(f"{label}: {array.dtype} has no wire type")
    dtype = _DTYPES.get(type)
    if dtype is None:
        raise _mismatch(label, array.dtype, type)
    if array.dtype != dtype:
        array = _cast(label, array, dtype, type)
    # Not np.ascontiguousarray: it makes a vector of a scalar.
    return type, array if array.flags.c_contiguous else array.copy(order="C")


def _cast(label: str, array: Array, dtype: np.dtype[Any], type: int) -> Array:
    if np.can_cast(array.dtype, dtype, "safe"):
        return array.astype(dtype)
    kinds = array.dtype.kind, dtype.kind
    if kinds[1] == "f" and kinds[0] in "fiu":
        try:
            with np.errstate(over="raise"):
                return array.astype(dtype, casting="same_kind")
        except FloatingPointError:
            raise ValueError(
                f"{label}: a {array.dtype} value is too large for {type_name(type)}"
            ) from None
    if kinds[0] in "iu" and kinds[1] in "iu":
        limits = np.iinfo(dtype)
        if array.size == 0 or (
            int(array.min()) >= int(limits.min) and int(array.max()) <= int(limits.max)
        ):
            return array.astype(dtype)
        raise ValueError(f"{label}: a {array.dtype} value does not fit {type_name(type)}")
    raise _mismatch(label, array.dtype, type)


def _mismatch(label: str, dtype: np.dtype[Any], type: int | None) -> ValueError:
    wanted = "a wire type" if type is None else type_name(type)
    return ValueError(
        f"{label}: {dtype} does not become {wanted} without loss; convert it yourself"
    )


def place(tensors: Iterable[tuple[Any, Named]]) -> list[Buffer]:
    """Fills wire tensors, in the header or as frames after it.

    Args:
        tensors: pairs of a wire Tensor to fill and what to fill it with.

    Returns the frames that follow the header, empty when everything fits inside it. They
    are the caller's memory, not copies.
    """
    pairs = list(tensors)
    inline = sum(tensor.byte_count for _, tensor in pairs) <= INLINE_BYTES
    frames: list[Buffer] = []
    for message, tensor in pairs:
        message.name = tensor.name
        message.type = tensor.type
        message.shape[:] = tensor.content.shape
        if inline:
            message.data = tensor.content.tobytes()
            if tensor.splits is not None:
                message.row_splits = tensor.splits.tobytes()
            continue
        frames.append(_buffer(tensor.content))
        message.frame = len(frames)
        if tensor.splits is not None:
            frames.append(_buffer(tensor.splits))
            message.row_splits_frame = len(frames)
    return frames


def _buffer(array: Array) -> Buffer:
    return array if array.size else b""


def read(tensor: Any, frames: Sequence[Any], field: str) -> Array:
    """A tensor of a reply, as a read-only view onto the reply's memory.

    Args:
        tensor: the wire Tensor.
        frames: frames of the reply, header first; anything with the buffer protocol.
        field: where the tensor stands, for error texts.

    bfloat16 becomes float32, which is exact but a copy. Raises BadReply when the bytes
    do not agree with what the tensor says of itself.
    """
    type, shape = tensor.type, tuple(tensor.shape)
    dtype = _BFLOAT16_BITS if type == wire.BFLOAT16 else _DTYPES.get(type)
    if dtype is None:
        raise BadReply("a tensor of unknown element type", field=f"{field}.type")
    if not 1 <= len(shape) <= MAXIMUM_RANK or min(shape) < 0:
        raise BadReply(f"{list(shape)} is not a shape", field=f"{field}.shape")
    if tensor.HasField("row_splits") or tensor.HasField("row_splits_frame"):
        raise BadReply("this client reads no ragged replies", field=f"{field}.row_splits")
    if tensor.HasField("data") == tensor.HasField("frame"):
        raise BadReply("a tensor lies in data or in one frame", field=field)
    if tensor.HasField("frame"):
        if not 1 <= tensor.frame < len(frames):
            raise BadReply(
                f"frame {tensor.frame} of a message of {len(frames)}", field=f"{field}.frame"
            )
        content = memoryview(frames[tensor.frame])
    else:
        content = memoryview(tensor.data)
    wanted = math.prod(shape) * dtype.itemsize
    if content.nbytes != wanted:
        raise BadReply(
            f"{content.nbytes} bytes where {type_name(type)}{list(shape)} takes {wanted}",
            field=field,
        )
    try:
        array = np.frombuffer(content, dtype=dtype).reshape(shape)
    except ValueError as error:  # empty, with dimensions beyond numpy's limits
        raise BadReply(str(error), field=f"{field}.shape") from error
    if type == wire.BFLOAT16:
        array = (array.astype("<u4") << np.uint32(16)).view("<f4")
    array.flags.writeable = False
    return array
