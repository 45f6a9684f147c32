"""Runs one peer in this process on one picture, several times; writes what it measured.

The keys are those that benchmarks/image --json writes.
"""

import argparse
import importlib
import json
import os
import pathlib
import time

import numpy
from contenders import STAGES


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", help="of on_<family>.py")
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--inputs", type=pathlib.Path, required=True, help="image.npy, context.npy")
    parser.add_argument("--json", type=pathlib.Path, required=True)
    parser.add_argument("--decoded", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--channels-last", action="store_true")
    return parser.parse_args()


def seconds_since_start():
    """Since this process began, to a tick of the kernel's clock."""
    stat = pathlib.Path("/proc/self/stat").read_text(encoding="utf-8")
    ticks = int(stat.rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def peak_memory():
    """Bytes: VmHWM. ru_maxrss would count what the parent had before it became this program."""
    for line in pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


class Meter:
    """Adds up wall and processor seconds of the calls that it makes."""

    def __init__(self):
        self.load = 0.0
        self.images = []

    def loading(self, function, *arguments):
        start = time.perf_counter()
        result = function(*arguments)
        self.load += time.perf_counter() - start
        return result

    def stage(self, image, name, function, *arguments):
        while len(self.images) <= image:
            self.images.append({"cpu": 0.0})
        cpu, start = time.process_time(), time.perf_counter()
        result = function(*arguments)
        self.images[image][name] = time.perf_counter() - start
        self.images[image]["cpu"] += time.process_time() - cpu
        return result


def run_together(runtime, meter, inputs, count):
    """All networks in memory. Seconds from the start of the process to the first map; the map."""
    stages = {name: meter.loading(runtime.load, name) for name in STAGES}
    for image in range(count):
        latent = meter.stage(image, "encode", stages["encode"], inputs["image"])
        clean = meter.stage(image, "denoise", stages["denoise"], latent, inputs["context"])
        decoded = meter.stage(image, "decode", stages["decode"], clean)
        if image == 0:
            until_first = seconds_since_start()
    return until_first, decoded


def run_in_turn(runtime, meter, inputs, count):
    """The same with one network in memory at a time."""
    until_first = seconds_since_start()
    fed = (inputs["image"],)
    for name in STAGES:
        network = meter.loading(runtime.load, name)
        for image in range(count):
            result = meter.stage(image, name, network, *fed)
        del network
        fed = (result, inputs["context"]) if name == "encode" else (result,)
    until_first += meter.load + sum(meter.images[0][name] for name in STAGES)
    return until_first, result


def main():
    options = parse()
    module = importlib.import_module(f"on_{options.family}")
    inputs = {name: numpy.load(options.inputs / f"{name}.npy") for name in ("image", "context")}
    meter = Meter()
    runtime = meter.loading(module.Runtime, options)
    run = run_in_turn if module.IN_TURN else run_together
    until_first, decoded = run(runtime, meter, inputs, options.images)
    for image in meter.images:
        image["whole"] = sum(image[name] for name in STAGES)
    report = {
        "load": meter.load,
        "until_first_image": until_first,
        "images": meter.images,
        "peak": peak_memory(),
        "version": module.VERSION,
    }
    numpy.save(options.decoded, decoded)
    options.json.write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
