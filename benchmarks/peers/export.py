"""Writes one stage's network for a runtime that does not read diffusers' folders.

A process of its own per network: what converting takes is given back.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

import numpy
import torch


def example_inputs(stage, inputs):
    """Of the right shapes."""
    image = torch.from_numpy(numpy.load(inputs / "image.npy"))
    if stage == "encode":
        return (image,)
    latent = torch.randn(1, 4, image.shape[2] // 8, image.shape[3] // 8)
    if stage == "decode":
        return (latent,)
    return latent, torch.from_numpy(numpy.load(inputs / "context.npy"))


def write_onnx(module, examples, folder):
    torch.onnx.export(
        module, examples, folder / "model.onnx", dynamo=True, external_data=True, verbose=False
    )


def write_openvino(module, examples, folder):
    import openvino

    # From the module, so that OpenVINO sees its attention as one operation.
    model = openvino.convert_model(
        module, example_input=examples, input=[tuple(example.shape) for example in examples]
    )
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=False)


def write_ncnn(module, examples, folder):
    import pnnx

    program = pathlib.Path(pnnx.__file__).parent / "pnnx"
    traced = folder / "traced.pt"
    with torch.inference_mode():
        torch.jit.trace(module, examples, check_trace=False).save(str(traced))
    shapes = ",".join(f"{list(example.shape)}f32".replace(" ", "") for example in examples)
    command = [program.resolve(), "traced.pt", f"inputshape={shapes}", "fp16=0", "optlevel=2"]
    command += ["ncnnparam=model.param", "ncnnbin=model.bin"]
    del module
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"pnnx ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    for name in ("traced.pt", "traced.pnnx.bin", "traced.pnnx.onnx"):
        (folder / name).unlink(missing_ok=True)


WRITERS = {"onnx": write_onnx, "openvino": write_openvino, "ncnn": write_ncnn}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("form", choices=sorted(WRITERS))
    parser.add_argument("stage")
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--inputs", type=pathlib.Path, required=True, help="image.npy, context.npy")
    parser.add_argument("--target", type=pathlib.Path, required=True)
    options = parser.parse_args()
    from networks import stage_module

    partial = options.target.with_name(options.target.name + ".new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    module = stage_module(options.stage, options.weights)
    WRITERS[options.form](module, example_inputs(options.stage, options.inputs), partial)
    partial.rename(options.target)


if __name__ == "__main__":
    main()
