"""Images that the image models are measured with: light of a few blobs, and noise."""

import numpy as np

SIZE = 256
BLOBS = 3


def draw(count, seed):
    """`count` images, shape (count, 1, 256, 256), float32 in [0, 1].

    The same for the same seed, up to the last bit of an exponential.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    axis = np.arange(SIZE, dtype=np.float32)
    images = random.random((count, 1, SIZE, SIZE), np.float32)
    images *= 0.1
    for image in images[:, 0]:
        for _ in range(BLOBS):
            x, y = random.uniform(0, SIZE, 2)
            width, height = random.uniform(4, 40), random.uniform(0.1, 0.3)
            across, along = (np.exp(-0.5 * ((axis - place) / width) ** 2) for place in (x, y))
            image += np.float32(height) * np.outer(along, across).astype(np.float32)
    return images
