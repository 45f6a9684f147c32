"""End-to-end fine-tuning of a depth estimator as a plain PyTorch loop over diffusers' networks.

What `onestep train` is compared with (compare.py): arXiv 2409.11355, sections 3.1 to 3.3. Reads a
manifest in the order of its lines, prints one JSON object.
"""

import argparse
import json
import math
import pathlib
import resource
import time

import numpy
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

TIMESTEP = 999


class Samples:
    """Batches in the order of the manifest, over and over."""

    def __init__(self, manifest, batch):
        lines = manifest.read_text(encoding="utf-8").splitlines()
        self.entries = [json.loads(line) for line in lines]
        self.folder = manifest.parent
        self.batch = batch
        self.next = 0

    def read(self, entry):
        rgb = numpy.asarray(Image.open(self.folder / entry["image"]).convert("RGB"))
        depth = torch.from_numpy(numpy.load(self.folder / entry["depth"]))
        low, high = torch.quantile(depth.double(), torch.tensor([0.02, 0.98]).double())
        image = torch.from_numpy(rgb.copy()).permute(2, 0, 1).float() / 127.5 - 1
        return image, depth.double().clamp(low, high).float()

    def take(self):
        # As onestep does: an epoch ends with its last whole batch.
        if self.next + self.batch > len(self.entries):
            self.next = 0
        chosen = self.entries[self.next : self.next + self.batch]
        self.next += self.batch
        images, depths = zip(*(self.read(entry) for entry in chosen))
        return torch.stack(images), torch.stack(depths)


def widened(unet):
    """Four input channels become eight: weights repeated, weights and bias halved."""
    if unet.config.in_channels == 8:
        return
    old = unet.conv_in
    new = torch.nn.Conv2d(8, old.out_channels, old.kernel_size, padding=old.padding)
    with torch.no_grad():
        new.weight.copy_(old.weight.repeat(1, 2, 1, 1) / 2)
        new.bias.copy_(old.bias / 2)
    unet.conv_in = new
    unet.register_to_config(in_channels=8)


def affine_invariant_l1(prediction, target):
    """Every pixel is valid here. [B,H,W]."""
    count = prediction[0].numel()
    a00 = (prediction * prediction).sum((1, 2), keepdim=True)
    a01 = prediction.sum((1, 2), keepdim=True)
    b0 = (prediction * target).sum((1, 2), keepdim=True)
    b1 = target.sum((1, 2), keepdim=True)
    determinant = a00 * count - a01 * a01
    scale = (count * b0 - a01 * b1) / determinant
    shift = (a00 * b1 - a01 * b0) / determinant
    return (scale * prediction + shift - target).abs().mean()


class Loop:
    def __init__(self, options):
        self.options = options
        folder = options.model
        self.vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", torch_dtype=torch.float32)
        self.unet = UNet2DConditionModel.from_pretrained(
            folder, subfolder="unet", torch_dtype=torch.float32
        )
        widened(self.unet)
        self.vae.requires_grad_(False).eval()
        self.unet.train()
        if options.checkpointing == "unet":
            self.unet.enable_gradient_checkpointing()
        self.context = self.empty_prompt(folder)
        alphas = DDIMScheduler.from_pretrained(folder, subfolder="scheduler").alphas_cumprod
        self.noise = math.sqrt(1 - float(alphas[TIMESTEP]))
        self.optimizer = torch.optim.AdamW(
            self.unet.parameters(), lr=options.lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self.rate)
        self.samples = Samples(options.manifest, options.batch)

    def rate(self, taken):
        warmup, total = self.options.warmup, 20000
        if taken < warmup:
            return taken / warmup
        return math.exp((taken - warmup) / (total - warmup) * math.log(0.01))

    def empty_prompt(self, folder):
        tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
        encoder = CLIPTextModel.from_pretrained(
            folder, subfolder="text_encoder", torch_dtype=torch.float32
        )
        ids = tokenizer("", padding="max_length", max_length=77, return_tensors="pt").input_ids
        with torch.no_grad():
            return encoder(ids)[0]

    def loss(self, images, depths):
        scaling = self.vae.config.scaling_factor
        with torch.no_grad():
            latent = self.vae.encode(images).latent_dist.mode() * scaling
        fed = torch.cat([latent, torch.zeros_like(latent)], 1)
        context = self.context.expand(len(images), -1, -1)
        output = self.unet(fed, TIMESTEP, context, return_dict=False)[0]
        clean = -self.noise * output  # v-prediction; the second latent is zero
        decoded = self.vae.decode(clean / scaling, return_dict=False)[0]
        return affine_invariant_l1(decoded.mean(1).clamp(-1, 1), depths)

    def step(self):
        total = 0.0
        for _ in range(self.options.accumulation):
            loss = self.loss(*self.samples.take())
            total += loss.item() / self.options.accumulation
            (loss / self.options.accumulation).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.unet.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return total, norm.item()


def resident():
    """Bytes in memory now."""
    pages = int(pathlib.Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize()


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--manifest", required=True, type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--checkpointing", choices=["none", "unet"], default="unet")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch takes")
    parser.add_argument("--lr", type=float, default=3e-5)
    parser.add_argument("--warmup", type=int, default=2)
    return parser.parse_args()


def main():
    libraries = resident()
    options = parse()
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    loop = Loop(options)
    report = {"losses": [], "norms": [], "seconds": [], "cpu_seconds": []}
    for _ in range(options.steps):
        wall, cpu = time.perf_counter(), time.process_time()
        loss, norm = loop.step()
        report["seconds"].append(time.perf_counter() - wall)
        report["cpu_seconds"].append(time.process_time() - cpu)
        report["losses"].append(loss)
        report["norms"].append(norm)
    report["libraries"] = libraries
    report["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    report["version"] = f"torch {torch.__version__}"
    print(json.dumps(report))


if __name__ == "__main__":
    main()
