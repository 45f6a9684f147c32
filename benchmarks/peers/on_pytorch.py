"""diffusers' networks on PyTorch, eager. bf16: the weights too, as `torch_dtype` makes them."""

import networks
import torch

VERSION = f"PyTorch {torch.__version__}"
IN_TURN = False


class Runtime:
    def __init__(self, options):
        torch.set_num_threads(options.threads)
        self.dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
        self.format = torch.channels_last if options.channels_last else torch.contiguous_format
        vae = networks.read_vae(options.weights, self.dtype)
        unet = networks.read_unet(options.weights, self.dtype)
        self.modules = {
            "encode": networks.Encode(vae),
            "denoise": networks.Denoise(unet, networks.noise_level(options.weights)),
            "decode": networks.Decode(vae),
        }
        for module in self.modules.values():
            module.to(memory_format=self.format)

    def load(self, stage):
        module = self.modules[stage]

        def run(*arrays):
            inputs = [torch.from_numpy(array).to(self.dtype) for array in arrays]
            inputs[0] = inputs[0].contiguous(memory_format=self.format)
            with torch.inference_mode():
                return module(*inputs).float().contiguous().numpy()

        return run
