"""Valid messages of every kind, and a seeded generator that damages them."""

from __future__ import annotations

import random
import struct

import numpy as np

from frames import FEATURES, control, message, varint, wire

NUMBERS = [
    0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53,
    2**62, 2**63 - 1, 2**63, 2**64 - 1,
]


# MARK: Messages to begin with


def valid_messages(sample):
    """Requests that are answered, of every kind and in both placements."""
    features = np.stack([sample[name] for name in FEATURES], axis=1)
    values = {"er-nr-tree": ("features", features), "er-nr-mlp": ("features", features)}
    values |= {name: ("hits", sample["hits"]) for name in ("position-cnn", "pattern-autoencoder")}
    options = [{}, {"raw": True}, {"priority": wire.BULK}]
    options.append({"version": "1", "priority": wire.TRIGGER})
    special = {
        "er-nr-tree": [{"prior": 0.01}, {"outputs": ["margin", "prediction"]}],
        "er-nr-mlp": [{"prior": 0.3, "deadline_microseconds": 20_000_000}],
        "position-cnn": [{"coverage": 0.68}, {"raw": True, "outputs": ["s2_top"]}],
        "pattern-autoencoder": [{"stream": "run 7", "seed": 5, "outputs": ["pulls"]}],
    }
    made = []
    for number, (model, (name, array)) in enumerate(values.items()):
        for rows, extra in enumerate(options + special[model], 1):
            for framed in (False, True):
                events = array[10 * number : 10 * number + 1 + rows % 4]
                one = message(model, name, events, id=rows, framed=framed, **extra)
                one.column("run", np.arange(len(events)), framed=framed)
                made.append(one.frames)
    for framed in (False, True):
        made.append(ragged(framed).frames)
    made += [control("status", id=3), control("models", id=4), control("models", model="er-nr-mlp")]
    return made + [[b"", *frames] for frames in made[::5]]


def ragged(framed):
    """Three events of a ragged model."""
    splits = np.array([0, 2, 2, 5], "<i8").tobytes()
    one = message("ragged").input("bias", [0, 100, 1000], framed=framed)
    options = {"row_splits": splits}
    if framed:
        one.tensors.append(splits)
        options = {"row_splits_frame": len(one.tensors)}
    return one.input("tracks", np.arange(10).reshape(5, 2), framed=framed, **options)


# MARK: Damage


class Damage:
    """Mutations of one kind each; all randomness from one seed."""

    def __init__(self, valid, seed):
        self.random = random.Random(seed)
        self.valid = valid
        self.lengths = {frame: length_places(frame) for frames in valid for frame in frames}
        self.kinds = [
            self.flip, self.flip, self.number, self.number, self.length, self.length, self.cut,
            self.splice, self.noise, self.drop, self.repeat, self.move, self.add, self.grow,
        ]

    def message(self):
        """A damaged copy of some valid message."""
        frames = list(self.random.choice(self.valid))
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            self.random.choice(self.kinds)(frames, self.random.randrange(len(frames)))
        return frames

    def flip(self, frames, at):
        frame = bytearray(frames[at])
        for _ in range(self.random.choice((1, 1, 2, 8)) if frame else 0):
            frame[self.random.randrange(len(frame))] ^= 1 << self.random.randrange(8)
        frames[at] = bytes(frame)

    def number(self, frames, at):
        """Writes a number that is often at fault, as a fixed one or as protobuf has it."""
        frame, number = frames[at], self.random.choice(NUMBERS)
        place = self.random.randrange(len(frame) + 1)
        if self.random.random() < 0.5:
            text = struct.pack("<Q", number)[: self.random.choice((1, 2, 4, 8))]
            frames[at] = frame[:place] + text + frame[place + len(text) :]
        else:
            frames[at] = frame[:place] + varint(number) + frame[place + 1 :]

    def length(self, frames, at):
        """Changes the length of a field, be it nested."""
        frame = frames[at]
        places = self.lengths.get(frame)
        if places:
            start, end, length = self.random.choice(places)
            near = [length + 1, max(length - 1, 0), length * 2, len(frame)]
            frames[at] = frame[:start] + varint(self.random.choice(near + NUMBERS)) + frame[end:]

    def cut(self, frames, at):
        frame = frames[at]
        start, end = sorted(self.random.randrange(len(frame) + 1) for _ in range(2))
        kept = (frame[:start], frame[end:], frame[:start] + frame[end:])
        frames[at] = self.random.choice(kept)

    def splice(self, frames, at):
        other = self.random.choice(self.random.choice(self.valid))
        start, end = sorted(self.random.randrange(len(other) + 1) for _ in range(2))
        place = self.random.randrange(len(frames[at]) + 1)
        after = place + self.random.choice((0, end - start))
        frames[at] = frames[at][:place] + other[start:end] + frames[at][after:]

    def noise(self, frames, at):
        frames[at] = self.random.randbytes(self.random.choice((0, 1, 8, 20, 200)))

    def drop(self, frames, at):
        if len(frames) > 1:
            del frames[at]

    def repeat(self, frames, at):
        frames[at:at] = [frames[at]] * self.random.choice((1, 1, 2, 40))

    def move(self, frames, at):
        frames.insert(self.random.randrange(len(frames)), frames.pop(at))

    def add(self, frames, at):
        other = self.random.choice(self.valid)
        frames[at:at] = self.random.choice(([b""], other[:1], other[-1:], other))

    def grow(self, frames, at):
        """Blows a frame up, seldom by much."""
        more = self.random.choice((1, 4, 20, 244, 1000, 1000, 20_000, 200_000))
        frames[at] += bytes(more) if self.random.random() < 0.5 else self.random.randbytes(more)


def read_varint(frame, at, end):
    value = shift = 0
    while at < end and shift < 64:
        value |= (frame[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if frame[at - 1] < 0x80:
            return value, at
    raise ValueError("no number")


def length_places(frame, at=0, end=None):
    """(first byte, byte behind, value) of every length in a header; nothing for what is none."""
    found, end = [], len(frame) if end is None else end
    try:
        while at < end:
            tag, at = read_varint(frame, at, end)
            if tag & 7 == 0:
                _, at = read_varint(frame, at, end)
            elif tag & 7 == 2:
                start = at
                length, at = read_varint(frame, at, end)
                if at + length > end:
                    return []
                found.append((start, at, length))
                found += length_places(frame, at, at + length)
                at += length
            else:
                at += {1: 8, 5: 4}[tag & 7]
    except (ValueError, KeyError):
        return []
    return found if at == end else []
