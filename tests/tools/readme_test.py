"""The README's commands, as somebody would type them: readme_test.py PROGRAM [BENCHMARKS].

`./run` is tested by itself; here its program is called in its place, and MODEL is a tiny reference
pipeline.
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


def documented_commands(text):
    """The words of every ./run command in the ```sh blocks."""
    commands = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            for command in " ".join(words).split(" && "):
                if command.startswith("./run "):
                    commands.append(command.split()[1:])
    return commands


class Readme(TreeTest):
    def run_command(self, words):
        program = [PROGRAM]
        if words[0] == "bench":
            program, words = [BENCHMARKS / words[1]], words[2:]
        model = str(ROOT / "tests" / "goldens" / "models" / "tiny_e2e_depth")
        words = [model if word == "MODEL" else word for word in words]
        result = subprocess.run([*program, *words], cwd=self.root, capture_output=True, text=True,
                                check=False)
        self.assertEqual(result.returncode, 0, f"{words}: {result.stderr}")

    def test_every_command_works_in_the_order_given(self):
        (self.root / "examples").symlink_to(ROOT / "examples")
        commands = documented_commands((ROOT / "README.md").read_text(encoding="utf-8"))
        self.assertIn("predict", [command[0] for command in commands])
        for command in commands:
            needs_benchmarks = command[0] == "bench" or "random" in command
            if command[0] != "test" and not (needs_benchmarks and BENCHMARKS == pathlib.Path()):
                self.run_command(command)
        for name in ["coffee_depth.npy", "coffee_depth.png", "coffee_depth_color.png",
                     "coffee.json"]:
            self.assertTrue((self.root / "out" / name).is_file(), name)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv[1])
    BENCHMARKS = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else BENCHMARKS
    unittest.main(argv=sys.argv[:1])
