"""The README's commands, as somebody would type them: readme_test.py PROGRAM [BENCHMARKS [TORCH]].

`./run` is tested by itself; here its program is called in its place (TORCH for `train`, where it
was built), and MODEL, NORMALS_MODEL and stable-diffusion-2 are tiny reference pipelines. The models
that come along are the real ones. Training takes a single step.
"""

import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import unittest
import zlib

from made_up_tree import ROOT, TreeTest

PROGRAM = pathlib.Path()
BENCHMARKS = pathlib.Path()
TORCH = pathlib.Path()

MODELS = {"MODEL": "goldens/models/tiny_e2e_depth",
          "NORMALS_MODEL": "goldens/models/tiny_e2e_normals",
          "stable-diffusion-2": "goldens_training/tiny_pipeline"}
ONE_STEP = ["--set", "steps=1", "--set", "accumulation=1", "--set", "batch=1"]


def png(side, bits, channels, value):
    """A square picture; `value(row, column)` is a pixel's bytes."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + b"".join(value(y, x) for x in range(side)) for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, bits, 2 if channels == 3 else 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def documented_commands(text):
    """Of every ./run command in the ```sh blocks: what is piped into it (or ""), its words."""
    commands = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            for command in " ".join(words).split(" && "):
                feed, _, command = command.rpartition(" | ")
                if command.startswith("./run "):
                    commands.append((feed, command.split()[1:]))
    return commands


class Readme(TreeTest):
    def run_command(self, feed, words):
        program = [self.program]
        if words[0] == "bench":
            program, words = [BENCHMARKS / words[1]], words[2:]
        if words[0] == "train":
            program, words = [TORCH], words + ONE_STEP
        words = [str(ROOT / "tests" / MODELS[word]) if word in MODELS else word for word in words]
        piped = subprocess.run(["sh", "-c", feed], cwd=self.root, capture_output=True, text=True,
                               check=True)
        result = subprocess.run([*program, *words], cwd=self.root, input=piped.stdout,
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, f"{words}: {result.stderr}")

    def make_training_data(self):
        """train.jsonl: one picture and its depth."""
        (self.root / "a.png").write_bytes(png(64, 8, 3, lambda y, x: bytes([4 * y, 4 * x, 99])))
        (self.root / "a_depth.png").write_bytes(
            png(64, 16, 1, lambda y, x: struct.pack(">H", 1000 + 9 * y + x)))
        self.write("train.jsonl", '{"image": "a.png", "depth": "a_depth.png"}\n')

    def install_program(self):
        """The program in bin/, with the models that come with it."""
        self.program = self.root / "bin" / "onestep"
        self.program.parent.mkdir()
        shutil.copy(PROGRAM, self.program)
        models = self.root / "share" / "onestep" / "models"
        models.mkdir(parents=True)
        for name in ["depth", "normals"]:
            (models / name).symlink_to(ROOT / "models" / "bundled" / name)

    def test_the_first_command_needs_no_model(self):
        commands = documented_commands((ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertEqual(commands[0], ("", ["predict", "examples/coffee.jpg"]))

    def test_every_command_works_in_the_order_given(self):
        for folder in ["examples", "recipes", "models"]:
            (self.root / folder).symlink_to(ROOT / folder)
        self.make_training_data()
        self.install_program()
        version = subprocess.run([self.program, "--version"], capture_output=True, text=True,
                                 check=True).stdout
        renders = "scenes yes" in version
        commands = documented_commands((ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertIn("predict", [words[0] for _, words in commands])
        for feed, words in commands:
            needs_benchmarks = words[0] == "bench" or "random" in words
            is_missing = (needs_benchmarks and BENCHMARKS == pathlib.Path()
                          or words[0] == "train" and TORCH == pathlib.Path()
                          or not renders and "scenes" in " ".join(words))
            if words[0] != "test" and not is_missing:
                self.run_command(feed, words)
        if renders:
            self.assertTrue((self.root / "docs" / "images" / "bundled_strip.jpg").is_file())
        for name in ["out/coffee_depth.npy", "out/coffee_depth.png", "out/coffee_depth_color.png",
                     "out/coffee_depth.json", "out/coffee_normals.npy", "depth.jpg",
                     "depth/coffee.json", "listed/coffee_depth.npy", "both/coffee_depth.json",
                     "both/coffee_normals.npy"]:
            self.assertTrue((self.root / name).is_file(), name)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv[1])
    BENCHMARKS = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else BENCHMARKS
    TORCH = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else TORCH
    unittest.main(argv=sys.argv[:1])
