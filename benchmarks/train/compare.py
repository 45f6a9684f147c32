"""Times `onestep train` beside a plain PyTorch loop of the same recipe (peer_loop.py).

Both start from the same folder and see the same pictures in the same order; runs alternate, so that
what else the machine does falls on both. Losses are printed side by side: where they differ, the
two did not do the same work. Skipped, with one line, where Python has no torch and diffusers.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
NEEDED = ("torch", "diffusers", "transformers", "numpy", "PIL")
GIB = 2**30
TICKS = os.sysconf("SC_CLK_TCK")

# name, what onestep checkpoints, MiB of its latent cache, what the loop checkpoints, most time and
# memory (ratios; None: only told).
SETTINGS = [
    ("nothing checkpointed", [], 0, "none", 1.0, None),
    ("UNet checkpointed", ["unet"], 0, "unet", 1.0, None),
    ("decoder too", ["unet", "decoder"], 0, "unet", 1.35, 0.8),
    ("decoder too, cached latents", ["unet", "decoder"], 2048, "unet", None, None),
]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, help="onestep-torch")
    parser.add_argument("--model", type=pathlib.Path, help="a diffusers folder; default: made up")
    parser.add_argument("--size", default="medium", help="of the made-up one: tiny, medium or sd2")
    parser.add_argument("--pictures", default="192x256", help="HEIGHTxWIDTH")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6, help="of a run; the first is not counted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", type=int, action="append", help="number of a setting, from 0")
    parser.add_argument("--work", type=pathlib.Path, help="a folder that is kept")
    return parser.parse_args(arguments)


def reaped(pid):
    """Waits for a child; its exit status and the bytes it had in memory at most."""
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def logged(path):
    """The whole lines that are there."""
    try:
        return path.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []


def run_onestep(options, model, manifest, setting, folder):
    _, checkpointing, cache, _, _, _ = setting
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    recipe = {
        "init": str(model),
        "steps": options.steps,
        "batch": options.batch,
        "accumulation": options.accumulation,
        "schedule": {"warmup": 2},
        "checkpointing": checkpointing,
        "latent_cache_mb": cache,
        "order": "sequential",
        "flip": 0,
        "validate_every": 0,
        "validation": {"samples": 0},
        "data": [{"path": str(manifest)}],
    }
    (folder / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    command = [options.program, "train", folder / "recipe.json", "-o", folder / "run", "-q"]
    # The loop reads its pictures without threads.
    command += ["--threads", str(options.threads), "--workers", "1"]
    log = folder / "run" / "log.jsonl"
    with open(folder / "messages", "wb") as messages:
        process = subprocess.Popen(command, stdout=messages, stderr=messages)
    cpu = []
    while len(cpu) < options.steps:
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as state:
            if ") Z " in state.read():
                break
        while len(cpu) < len(logged(log)):
            cpu.append(cpu_seconds(process.pid))
        time.sleep(0.01)
    status, peak = reaped(process.pid)
    process.returncode = status
    if status != 0:
        sys.exit(f"onestep train failed: {(folder / 'messages').read_text(encoding='utf-8')}")
    steps = [json.loads(line) for line in logged(log)]
    shutil.rmtree(folder)
    return {
        "losses": [step["loss"] for step in steps],
        "seconds": [step["seconds"] for step in steps],
        "cpu_seconds": [0.0] + [after - before for before, after in zip(cpu, cpu[1:])],
        "peak": peak,
    }


def run_peer(options, model, manifest, setting):
    command = [sys.executable, HERE / "peer_loop.py", "--model", model, "--manifest", manifest]
    for name in ("steps", "batch", "accumulation", "threads"):
        command += [f"--{name}", str(getattr(options, name))]
    command += ["--checkpointing", setting[3]]
    environment = dict(os.environ, HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"the PyTorch loop failed: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def counted(runs, key):
    """Steps of all runs but the first of each, which touches its memory for the first time."""
    return [value for run in runs for value in run[key][1:]]


def median_of_ratios(ours, theirs, key):
    """Of the runs in pairs."""
    pairs = zip(ours, theirs)
    return statistics.median(
        statistics.median(our[key][1:]) / statistics.median(their[key][1:]) for our, their in pairs
    )


def verdict(ratio, most):
    return "" if most is None else f" ({'within' if ratio <= most else 'ABOVE'} {most})"


def print_memory(label, our, their, most):
    ratio = our / their
    print(f"  {label:20} {our / GIB:9.3f} {their / GIB:9.3f} {ratio:8.3f}{verdict(ratio, most)}")


def compare(options, model, manifest, setting, work):
    name, _, _, _, most_time, most_memory = setting
    ours, theirs = [], []
    for number in range(options.rounds):
        first_ours = number % 2 == 0
        if first_ours:
            ours.append(run_onestep(options, model, manifest, setting, work / "run"))
        theirs.append(run_peer(options, model, manifest, setting))
        if not first_ours:
            ours.append(run_onestep(options, model, manifest, setting, work / "run"))
    print(f"\n{name}")
    for label, key in (("seconds a step", "seconds"), ("processor seconds", "cpu_seconds")):
        our, their = (statistics.median(counted(runs, key)) for runs in (ours, theirs))
        ratio = median_of_ratios(ours, theirs, key)
        limit = verdict(ratio, most_time) if key == "seconds" else ""
        print(f"  {label:20} {our:9.3f} {their:9.3f} {ratio:8.3f}{limit}")
    peaks = [max(run["peak"] for run in runs) for runs in (ours, theirs)]
    print_memory("peak memory, GiB", *peaks, None)
    # The size of the libraries does not grow with the model: the limit is for the rest.
    libraries = (options.libraries, theirs[0]["libraries"])
    rest = [peak - library for peak, library in zip(peaks, libraries)]
    print_memory("without libraries", *rest, most_memory)
    differences = []
    for step, (our, their) in enumerate(zip(ours[0]["losses"], theirs[0]["losses"]), 1):
        differences.append(abs(our / their - 1))
        print(f"  {f'loss of step {step}':20} {our:9.6f} {their:9.6f} {differences[-1]:8.1e}")
    if not max(differences) < 1e-3:
        sys.exit("the losses differ: the two sides did not do the same work")


def program_alone(program):
    """Bytes in memory of a program that does nothing."""
    with subprocess.Popen([program, "--version"], stdout=subprocess.DEVNULL) as process:
        process.returncode, peak = reaped(process.pid)
    return peak


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def check_built(program):
    if not program.exists():
        sys.exit(f"{program} is not there; build with ONESTEP_TORCH and ONESTEP_BENCHMARKS first")


def prepare(options, work):
    """The folder to start from and the manifest of the pictures."""
    model = options.model
    if model is None:
        model = work / options.size
        maker = options.program.parent.parent / "benchmarks" / "make_checkpoint"
        if not (model / "model_index.json").exists():
            check_built(maker)
            subprocess.run([maker, model, "--size", options.size], check=True)
    height, width = options.pictures.split("x")
    pictures = work / "pictures"
    count = options.batch * 4
    writer = [sys.executable, HERE / "pictures.py", pictures, str(count), height, width]
    subprocess.run(writer, check=True)
    return model.resolve(), (pictures / "manifest.jsonl").resolve()


def main():
    options = parse(sys.argv[1:])
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        found = f"{sys.executable} has no {', '.join(missing)}"
        print(f"bench train: skipped: {found}; name another interpreter in PYTHON")
        return
    check_built(options.program)
    with tempfile.TemporaryDirectory(prefix="onestep-bench-") as temporary:
        work = options.work or pathlib.Path(temporary)
        model, manifest = prepare(options, work)
        options.libraries = program_alone(options.program)
        print(f"{processor()}, {options.threads} threads; {options.rounds} runs of {model.name},")
        print(f"{options.pictures}, batch {options.batch}, accumulation {options.accumulation}")
        print(f"{'':22} {'onestep':>9} {'PyTorch':>9} {'ratio':>8}")
        for number, setting in enumerate(SETTINGS):
            if options.only is None or number in options.only:
                compare(options, model, manifest, setting, work)


if __name__ == "__main__":
    main()
