"""The folder with the peers: a virtual environment with the versions below."""

import os
import pathlib
import subprocess
import sys

# PyPI's torch does not start without the CUDA libraries that it names, even where no GPU is: they
# are most of the 6 GB that this takes.
PACKAGES = (
    "torch==2.11.0",
    "diffusers==0.42.1",
    "transformers==5.24.0",
    "accelerate==1.15.0",
    "openvino==2026.4.1",
    "onnxruntime==1.32.0",
    "onnx==1.23.2",
    "onnxscript==0.7.2",
    "ncnn==1.0.20261020",
    "pnnx==20261020",
    "numpy==2.4.6",
    "pillow==13.0.0",
    "safetensors==0.8.0",
)


def install(folder):
    """The interpreter of `folder`, which is filled when it is asked for first."""
    python = folder / "bin" / "python"
    # Written last: an installation that was cut short is made anew.
    installed = folder / "installed.txt"
    wanted = "\n".join(PACKAGES) + "\n"
    if installed.exists() and installed.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing the peers into {folder}", file=sys.stderr, flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    log = folder.with_suffix(".log")
    # This interpreter's pip: Debian's venv brings one only with a package of its own.
    pip = [sys.executable, "-m", "pip", "--python", python]
    steps = (
        [sys.executable, "-m", "venv", "--clear", "--without-pip", folder],
        [*pip, "install", "--no-cache-dir", *PACKAGES],
    )
    with open(log, "w", encoding="utf-8") as output:
        for step in steps:
            if subprocess.run(step, stdout=output, stderr=output, check=False).returncode != 0:
                last = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
                sys.exit(f"installing the peers failed: {''.join(last)}; all of it is in {log}")
    installed.write_text(wanted, encoding="utf-8")
    return python


def continue_with(python, arguments):
    """Starts this program again in another interpreter; returns where that runs it already."""
    # Not resolved: the interpreter of a virtual environment is a link.
    wanted = pathlib.Path(os.path.abspath(python))
    if pathlib.Path(sys.executable).parent == wanted.parent:
        return
    if not wanted.exists():
        sys.exit(f"{wanted} is not there")
    os.execv(wanted, [str(wanted), *arguments])
