"""The README's commands, as somebody would type them: readme_test.py PROGRAM [BENCHMARKS].

`./run` is tested by itself; here its program is called in its place, and MODEL and NORMALS_MODEL are
tiny reference pipelines.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import unittest

from made_up_tree import ROOT, TreeTest

PROGRAM = pathlib.Path()
BENCHMARKS = pathlib.Path()


MODELS = {"MODEL": "tiny_e2e_depth", "NORMALS_MODEL": "tiny_e2e_normals"}


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
        program = [PROGRAM]
        if words[0] == "bench":
            program, words = [BENCHMARKS / words[1]], words[2:]
        models = ROOT / "tests" / "goldens" / "models"
        words = [str(models / MODELS[word]) if word in MODELS else word for word in words]
        piped = subprocess.run(["sh", "-c", feed], cwd=self.root, capture_output=True, text=True,
                               check=True)
        result = subprocess.run([*program, *words], cwd=self.root, input=piped.stdout,
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, f"{words}: {result.stderr}")

    def test_every_command_works_in_the_order_given(self):
        (self.root / "examples").symlink_to(ROOT / "examples")
        commands = documented_commands((ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertIn("predict", [words[0] for _, words in commands])
        for feed, words in commands:
            needs_benchmarks = words[0] == "bench" or "random" in words
            if words[0] != "test" and not (needs_benchmarks and BENCHMARKS == pathlib.Path()):
                self.run_command(feed, words)
        for name in ["out/coffee_depth.npy", "out/coffee_depth.png", "out/coffee_depth_color.png",
                     "out/coffee.json", "listed/coffee_depth.npy", "both/coffee_depth.json",
                     "both/coffee_normals.npy"]:
            self.assertTrue((self.root / name).is_file(), name)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv[1])
    BENCHMARKS = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else BENCHMARKS
    unittest.main(argv=sys.argv[:1])
