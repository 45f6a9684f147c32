"""What all contenders read: the picture at its final size, the prompt, the weights in float32."""

import argparse
import json
import pathlib
import shutil

import numpy
import safetensors.numpy
from PIL import Image, ImageOps


def prepared_picture(photo, size):
    """RGB of `size` = (width, height): the middle of the photograph where its aspect differs."""
    photo = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    return ImageOps.fit(photo, size, Image.Resampling.BICUBIC)


def network_input(picture):
    """float32 [1,3,H,W] in [-1,1]."""
    pixels = numpy.asarray(picture).astype(numpy.float32).transpose(2, 0, 1)[None]
    return numpy.ascontiguousarray(pixels / numpy.float32(127.5) - 1)


def empty_prompt(model):
    """float32 [1,2,E]."""
    import torch
    from transformers import CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(model, subfolder="tokenizer")
    ids = tokenizer("", padding="do_not_pad", return_tensors="pt").input_ids
    text = CLIPTextModel.from_pretrained(
        model, subfolder="text_encoder", torch_dtype=torch.float32
    )
    with torch.inference_mode():
        return text(ids)[0].numpy()


def copy_as_float32(model, target):
    """The folder with every weight as float32."""
    shutil.rmtree(target, ignore_errors=True)
    partial = target.with_name(target.name + ".new")
    shutil.rmtree(partial, ignore_errors=True)
    for source in sorted(path for path in model.rglob("*") if path.is_file()):
        copy = partial / source.relative_to(model)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".safetensors":
            tensors = safetensors.numpy.load_file(source)
            # One at a time: the values of both types never stand side by side in full.
            for name in list(tensors):
                if tensors[name].dtype == numpy.float16:
                    tensors[name] = tensors[name].astype(numpy.float32)
            safetensors.numpy.save_file(tensors, copy, metadata={"format": "pt"})
        elif source.suffix in (".json", ".txt"):
            text = source.read_text(encoding="utf-8")
            if source.name == "config.json" and "dtype" in (config := json.loads(text)):
                text = json.dumps(config | {"dtype": "float32"}, indent=2)
            copy.write_text(text, encoding="utf-8")
    partial.rename(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--photo", type=pathlib.Path, required=True)
    parser.add_argument("--size", type=int, nargs=2, required=True, help="width and height")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    options = parser.parse_args()
    picture = prepared_picture(options.photo, tuple(options.size))
    picture.save(options.work / "picture.png")
    numpy.save(options.work / "image.npy", network_input(picture))
    if not (options.work / "float32").exists():
        copy_as_float32(options.model, options.work / "float32")
    if not (options.work / "context.npy").exists():
        numpy.save(options.work / "context.npy", empty_prompt(options.model))


if __name__ == "__main__":
    main()
