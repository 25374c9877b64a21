"""A generated stand-in for CIFAR-10, for when there is no file and no network.

Ten classes: five shapes, each with stripes along or across its own direction. Place, size,
direction, colours and background are random and noise lies over all, so that no pixel by itself
tells anything about the class: a linear classifier is little better than chance.
"""

import numpy as np

from crosscheck.data.split import Split

SHAPES = ("disk", "square", "triangle", "ring", "cross")
CLASSES = tuple(f"{shape}-{stripes}" for shape in SHAPES for stripes in ("along", "across"))
SIZES = {"train": 10_000, "test": 2_000}
NOISE = 0.12


def generate(seed: int = 0) -> dict[str, Split]:
    """The splits "train" and "test"; the same for the same seed on every machine."""
    generator = np.random.default_rng(seed)
    return {split: _draw(size, generator) for split, size in SIZES.items()}


def _draw(size: int, generator: np.random.Generator) -> Split:
    labels = generator.integers(0, len(CLASSES), size)
    column = (size, 1, 1)
    rows, columns = np.mgrid[0:32, 0:32]
    angle = generator.uniform(-0.35, 0.35, column)
    radius = generator.uniform(6, 11, column)
    dy = (rows - generator.uniform(11, 21, column)) / radius
    dx = (columns - generator.uniform(11, 21, column)) / radius
    u, v = np.cos(angle) * dx + np.sin(angle) * dy, -np.sin(angle) * dx + np.cos(angle) * dy
    distance = np.hypot(u, v)
    shapes = (
        distance < 1,
        np.maximum(abs(u), abs(v)) < 0.9,
        (v < 0.8) & (v > 2 * abs(u) - 1),
        (distance < 1) & (distance > 0.55),
        ((abs(u) < 0.35) | (abs(v) < 0.35)) & (np.maximum(abs(u), abs(v)) < 1),
    )
    inside = np.choose(labels[:, None, None] // 2, shapes)
    along = np.where(labels[:, None, None] % 2, u, v)
    wave = np.sin(along * radius * generator.uniform(1.5, 2.1, column) + generator.uniform(0, 6.28, column))
    colours = generator.uniform(0, 1, (3, size, 1, 1, 3))
    slope = (generator.normal(0, 0.3, column) * rows + generator.normal(0, 0.3, column) * columns) / 32
    image = np.where(wave[..., None] > 0, colours[0], colours[1])
    image = np.where(inside[..., None], image, colours[2] + slope[..., None])
    image = image + generator.normal(0, NOISE, image.shape)
    return Split((np.clip(image, 0, 1) * 255).round().astype(np.uint8), labels)
