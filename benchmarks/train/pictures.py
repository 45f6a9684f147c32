"""Writes pictures with analytic depth that both sides of the comparison read: PNG, NPY, JSONL."""

import json
import pathlib
import sys

import numpy
from PIL import Image


def picture(number, height, width):
    """A tilted ground with discs in front of it: rgb uint8 [H,W,3], metres float32 [H,W]."""
    random = numpy.random.default_rng(number)
    y, x = numpy.mgrid[0:height, 0:width] / height
    slope = random.uniform(-1, 1, 2)
    depth = 6 + slope[0] * x + slope[1] * y
    colour = numpy.stack([0.5 + 0.4 * numpy.sin(9 * x + shift) for shift in range(3)], -1)
    for _ in range(5):
        centre, radius = random.uniform(0, 1, 2), random.uniform(0.05, 0.25)
        inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2
        depth[inside] = random.uniform(1, 5)
        colour[inside] = random.uniform(0, 1, 3)
    shaded = colour * (1.2 - depth / 10)[..., None]
    return (255 * shaded.clip(0, 1)).astype(numpy.uint8), depth.astype(numpy.float32)


def write_pictures(folder, count, height, width):
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        rgb, depth = picture(number, height, width)
        Image.fromarray(rgb).save(folder / f"{number}.png")
        numpy.save(folder / f"{number}.npy", depth)
        lines.append(json.dumps({"image": f"{number}.png", "depth": f"{number}.npy"}))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_pictures(pathlib.Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:5]))
