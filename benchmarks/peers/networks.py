"""One photograph's three stages, as modules over diffusers' networks: what every peer runs."""

import math

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel

TIMESTEP = 999


def read_vae(folder, dtype=torch.float32):
    vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", torch_dtype=dtype)
    return vae.requires_grad_(False).eval()


def read_unet(folder, dtype=torch.float32):
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=dtype)
    return unet.requires_grad_(False).eval()


def noise_level(folder):
    """sqrt(1 - alpha) at the one timestep, without the rescaling that some files ask for."""
    config = DDIMScheduler.load_config(folder, subfolder="scheduler")
    if config["prediction_type"] != "v_prediction":
        raise ValueError(f"{folder}: expected v-prediction, found {config['prediction_type']}")
    scheduler = DDIMScheduler.from_config(config, rescale_betas_zero_snr=False)
    return math.sqrt(1 - float(scheduler.alphas_cumprod[TIMESTEP]))


class Encode(torch.nn.Module):
    """image [1,3,H,W] in [-1,1] -> the mode of its latent [1,4,h,w]."""

    def __init__(self, vae):
        super().__init__()
        self.encoder = vae.encoder
        self.quant_conv = vae.quant_conv
        self.scaling = vae.config.scaling_factor

    def forward(self, image):
        mean, _ = self.quant_conv(self.encoder(image)).chunk(2, dim=1)
        return mean * self.scaling


class Denoise(torch.nn.Module):
    """latent, context [1,L,E] -> the clean latent, from zero noise by v-prediction."""

    def __init__(self, unet, noise):
        super().__init__()
        self.unet = unet
        self.noise = noise

    def forward(self, latent, context):
        fed = torch.cat([latent, torch.zeros_like(latent)], dim=1)
        output = self.unet(fed, TIMESTEP, context, return_dict=False)[0]
        return -self.noise * output


class Decode(torch.nn.Module):
    """clean latent -> [1,3,H,W]."""

    def __init__(self, vae):
        super().__init__()
        self.post_quant_conv = vae.post_quant_conv
        self.decoder = vae.decoder
        self.scaling = vae.config.scaling_factor

    def forward(self, latent):
        return self.decoder(self.post_quant_conv(latent / self.scaling))


def stage_module(stage, folder):
    """One of them alone, in float32."""
    if stage == "denoise":
        return Denoise(read_unet(folder), noise_level(folder)).eval()
    return (Encode if stage == "encode" else Decode)(read_vae(folder)).eval()
