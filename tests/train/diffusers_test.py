#!/usr/bin/env python3
"""What onestep-torch trains opens in diffusers, which then predicts the same.

usage: diffusers_test.py ONESTEP_TORCH. Skipped (status 77) where Python has no diffusers; PYTHON
names an interpreter that has.
"""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
NEEDED = ("torch", "diffusers", "transformers", "numpy", "PIL")

if os.environ.get("PYTHON") and os.environ["PYTHON"] != sys.executable and __name__ == "__main__":
    interpreter = os.environ.pop("PYTHON")
    os.execvp(interpreter, [interpreter, *sys.argv])
missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if missing:
    print(f"skipped: {sys.executable} has no {', '.join(missing)}; PYTHON names another one")
    sys.exit(SKIPPED)

os.environ["HF_HUB_OFFLINE"] = "1"

import diffusers  # noqa: E402
import numpy  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()

AUTOENCODER = {
    "block_out_channels": [8, 8, 16, 16],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "latent_channels": 4,
    "scaling_factor": 0.5,
}
UNET = {
    "block_out_channels": [16, 32],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "attention_head_dim": [2, 4],
    "layers_per_block": 1,
    "cross_attention_dim": 32,
    "norm_num_groups": 8,
    "use_linear_projection": True,
}
# A side that 8 does not divide: diffusers pads it.
HEIGHT, WIDTH = 60, 96


def onestep(*arguments):
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"onestep {arguments}: {done.stderr}")


class Diffusers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="onestep-diffusers-")
        cls.folder = pathlib.Path(cls.temporary.name)
        vae = {"vae": AUTOENCODER}
        cls.autoencoder = cls.train("autoencoder", objective="autoencoder", scratch=vae)
        scratch = {"vae": str(cls.autoencoder), "unet": UNET}
        cls.depth = cls.train("depth", modality="depth", scratch=scratch)
        # Also with projections that diffusers wants as convolutions.
        scratch["unet"] = {**UNET, "use_linear_projection": False}
        cls.normals = cls.train("normals", modality="normals", scratch=scratch)
        values = numpy.random.default_rng(1).integers(0, 256, (15, 24, 3), dtype=numpy.uint8)
        cls.photo = cls.folder / "photo.png"
        Image.fromarray(values).resize((WIDTH, HEIGHT), Image.BILINEAR).save(cls.photo)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def train(cls, name, **keys):
        recipe = {
            "init": "scratch",
            "steps": 2,
            "batch": 1,
            "accumulation": 1,
            "optimizer": {"lr": 1e-2},
            "schedule": {"kind": "constant", "warmup": 0},
            "validate_every": 0,
            "data": [{"kind": "analytic", "count": 2, "size": [64, 96]}],
            **keys,
        }
        path = cls.folder / f"{name}.json"
        path.write_text(json.dumps(recipe), encoding="utf-8")
        onestep("train", path, "-o", cls.folder / name, "-q")
        return cls.folder / name / "model"

    def predicted(self, model, kind):
        """Ours, with the noise that diffusers draws from seed 0 and its two tokens."""
        options = ["--pipeline", "marigold", "--steps", 1, "--seed", 0, "--prompt-tokens", 2]
        options += ["--processing-res", 0, "--formats", "npy"]
        results = self.folder / f"{kind}-results"
        onestep("predict", self.photo, "-m", model, "-o", results, *options)
        return numpy.load(results / f"photo_{kind}.npy")

    def their_prediction(self, model, class_name):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(model)
        self.assertEqual(type(pipeline).__name__, class_name)
        pipeline.set_progress_bar_config(disable=True)
        done = pipeline(
            Image.open(self.photo),
            num_inference_steps=1,
            processing_resolution=0,
            generator=torch.Generator().manual_seed(0),
        )
        return done.prediction[0].squeeze()

    def test_opens_an_autoencoder_as_a_generative_model(self):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(self.autoencoder)
        self.assertEqual(type(pipeline).__name__, "StableDiffusionPipeline")
        self.assertEqual(pipeline.vae.config.scaling_factor, AUTOENCODER["scaling_factor"])
        image = torch.zeros(1, 3, 64, 96)
        with torch.no_grad():
            latent = pipeline.vae.encode(image).latent_dist.mode()
            decoded = pipeline.vae.decode(latent, return_dict=False)[0]
        self.assertEqual(list(latent.shape), [1, 4, 8, 12])
        self.assertEqual(list(decoded.shape), list(image.shape))
        self.assertTrue(bool(decoded.isfinite().all()))

    def test_runs_the_text_encoder_that_was_made_up(self):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(self.depth)
        ids = pipeline.tokenizer("", padding="do_not_pad").input_ids
        self.assertEqual(ids, [pipeline.tokenizer.bos_token_id, pipeline.tokenizer.eos_token_id])
        whole = pipeline.tokenizer("", padding="max_length").input_ids
        self.assertEqual(whole, ids + [pipeline.tokenizer.pad_token_id] * 75)

    def test_predicts_depth_as_onestep_does(self):
        theirs = self.their_prediction(self.depth, "MarigoldDepthPipeline")
        ours = self.predicted(self.depth, "depth")
        self.assertEqual(theirs.shape, (HEIGHT, WIDTH))
        self.assertGreater(theirs.max() - theirs.min(), 0.01)
        self.assertLess(numpy.abs(ours - theirs).max(), 1e-4)

    def test_predicts_normals_as_onestep_does(self):
        theirs = self.their_prediction(self.normals, "MarigoldNormalsPipeline")
        ours = self.predicted(self.normals, "normals")
        self.assertEqual(theirs.shape, (HEIGHT, WIDTH, 3))
        # The direction of a short vector is as uncertain as it is short.
        error = numpy.abs(ours - theirs).max(-1)
        self.assertLess(numpy.quantile(error, 0.99), 1e-3)
        self.assertLess(numpy.median(error), 1e-4)

    def test_keeps_the_frozen_autoencoder(self):
        trained = diffusers.AutoencoderKL.from_pretrained(self.autoencoder, subfolder="vae")
        kept = diffusers.AutoencoderKL.from_pretrained(self.depth, subfolder="vae").state_dict()
        for key, value in trained.state_dict().items():
            self.assertTrue(bool((value == kept[key]).all()), key)


if __name__ == "__main__":
    unittest.main()
