"""The work folder of one model and size: inputs, converted weights, results of runs."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

import environment
from contenders import STAGES

HERE = pathlib.Path(__file__).resolve().parent
CONVERTED = ("openvino", "onnx", "ncnn")


def say(*words):
    print("onestep:", *words, file=sys.stderr, flush=True)


def last_line(path):
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "no message"


def described(status):
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def read_once(folder):
    """So that every contender finds its weights in the page cache."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 24):
                    pass


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def built(folder):
    """What tells one build of ncnn from another; None where none is given."""
    return folder and [digest(path) for path in sorted(folder.glob("ncnn/ncnn*.so"))]


def weights_of(model):
    """What tells one model from another without reading all of it."""
    files = sorted(model.rglob("*.safetensors"))
    if not files:
        sys.exit(f"{model}: expected a diffusers folder, found no .safetensors in it")
    return [[str(file), file.stat().st_size, int(file.stat().st_mtime)] for file in files]


class Session:
    def __init__(self, options, folder):
        self.options = options
        self.model = options.model.resolve()
        width, height = options.size
        self.folder = folder.resolve() / f"{self.model.name}-{width}x{height}"
        self.maps = self.folder / "maps"
        self.results = self.folder / "results.json"
        self.settings = {
            "model": self.model.name,
            "weights": weights_of(self.model),
            "photo": digest(options.photo),
            "program": digest(options.program),
            "packages": environment.PACKAGES,
            "ncnn_without_avx512": built(options.ncnn_without_avx512),
            "size": [width, height],
            "threads": options.threads,
            "images": options.images,
        }
        self.settings = json.loads(json.dumps(self.settings))  # as it is read again
        self.runs = []

    def prepare(self, chosen):
        """Writes what is not there yet; why a contender cannot run, by its name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.check_model()
        self.take_up()
        self.call(
            "inputs",
            [HERE / "inputs.py", "--model", self.model, "--photo", self.options.photo]
            + ["--size", *self.options.size, "--work", self.folder],
            required=True,
        )
        failures = {}
        for form in CONVERTED:
            users = [contender for contender in chosen if contender.weights == form]
            problem = self.convert(form) if users else None
            if problem:
                failures |= {contender.name: problem for contender in users}
        return failures

    def check_model(self):
        """Converted weights are of one model."""
        path = self.folder / "weights.json"
        if not path.exists():
            path.write_text(json.dumps(self.settings["weights"]), encoding="utf-8")
        elif json.loads(path.read_text(encoding="utf-8")) != self.settings["weights"]:
            sys.exit(f"{self.folder} belongs to another {self.model.name}; remove it first")

    def take_up(self):
        """Goes on with what an interrupted run left, if that was the same."""
        if self.results.exists():
            found = json.loads(self.results.read_text(encoding="utf-8"))
            if found["settings"] == self.settings:
                self.runs = found["runs"]
                if self.runs:
                    say(f"going on after {len(self.runs)} runs that are in {self.results}")
                return
        for path in self.maps.glob("*.npy"):
            path.unlink()
        self.maps.mkdir(exist_ok=True)

    def call(self, name, arguments, variables=None, required=False, python=True):
        """Runs a program with its output in a file; None, or why it failed."""
        log = self.folder / f"{name}.log"
        settings = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
        settings |= {"OMP_NUM_THREADS": str(self.options.threads)} | (variables or {})
        command = [str(word) for word in ([sys.executable] if python else []) + arguments]
        with open(log, "wb") as output:
            try:
                done = subprocess.run(
                    command,
                    stdout=output,
                    stderr=output,
                    env=os.environ | settings,
                    timeout=self.options.limit,
                    check=False,
                )
                problem = described(done.returncode) if done.returncode != 0 else None
            except subprocess.TimeoutExpired:
                problem = f"more than {self.options.limit} s"
        if problem is None:
            return None
        problem = f"{problem}: {last_line(log)}"
        say(f"{name} failed: {problem}; all of it is in {log}")
        if required:
            sys.exit(1)
        return problem

    def convert(self, form):
        for stage in STAGES:
            target = self.folder / form / stage
            if target.exists():
                continue
            say(f"writing {target}")
            problem = self.call(
                f"{form}-{stage}",
                [HERE / "export.py", form, stage, "--weights", self.folder / "float32"]
                + ["--inputs", self.folder, "--target", target],
            )
            if problem:
                return problem
        return None

    def command(self, contender, report):
        options = ["--threads", self.options.threads, "--images", self.options.images]
        options += ["--json", report, *contender.options]
        decoded = self.maps / f"{contender.name}.npy"
        given = contender.weights == "given"
        weights = self.model if given else self.folder / contender.weights
        if contender.family == "onestep":
            # One more image, so only once.
            options += [] if decoded.exists() else ["--decoded", decoded]
            picture = self.folder / "picture.png"
            program = self.options.program.resolve()
            return weights, [program, weights, picture, "--processing-res", 0, *options]
        options += ["--decoded", decoded, "--precision", contender.precision]
        options += ["--weights", weights, "--inputs", self.folder]
        return weights, [HERE / "peer.py", contender.family, *options]

    def run(self, contender, number, failures):
        """One run, unless it is there already; a failure goes into `failures`."""
        if any(run["name"] == contender.name and run["round"] == number for run in self.runs):
            return
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        weights, command = self.command(contender, report)
        read_once(weights)
        ours = contender.family == "onestep"
        problem = self.call(contender.name, command, contender.environment, python=not ours)
        if problem:
            failures[contender.name] = problem
            return
        measured = json.loads(report.read_text(encoding="utf-8"))
        last = measured["images"][-1]
        seconds = ", ".join(f"{stage} {last[stage]:.2f}" for stage in (*STAGES, "whole"))
        say(f"round {number + 1} of {self.options.rounds}: {contender.title}: {seconds} s")
        self.runs.append({"name": contender.name, "round": number, "report": measured})
        self.keep()

    def keep(self):
        text = json.dumps({"settings": self.settings, "runs": self.runs}, indent=1)
        partial = self.results.with_suffix(".new")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.results)

    def finished(self):
        """Reports by the contender's name."""
        reports = {}
        for run in self.runs:
            if run["round"] < self.options.rounds:
                reports.setdefault(run["name"], []).append(run["report"])
        return reports

    def close(self, failures):
        """The next call measures anew, unless some are to be tried again."""
        if not failures and self.results.exists():
            self.results.replace(self.folder / "measured.json")
