#!/usr/bin/env python3
"""Writes docs/cli.md from the program's own help: make_cli_docs.py PROGRAM [--check].

With --check nothing is written; a page that is out of date is an error. A command that the overview
lists has its help in the page, so that a new one appears by itself.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "cli.md"

_COMMANDS = re.compile(r"^Commands:\n((?:  .*\n)+)", re.MULTILINE)
_COMMAND = re.compile(r"^  (\w+) ", re.MULTILINE)

_HEAD = """# The command line

What `onestep --help` and the help of each command say. `tools/make_cli_docs.py` writes this page; a
test fails when it is out of date.
"""


def help_of(program, *words):
    """What the program prints on --help behind these words."""
    result = subprocess.run([program, *words, "--help"], capture_output=True, check=True)
    return result.stdout.decode("utf-8").rstrip("\n") + "\n"


def commands(overview):
    """The names of the commands in the order of the overview."""
    return _COMMAND.findall(_COMMANDS.search(overview).group(1))


def page(program):
    """The text of docs/cli.md for this program."""
    overview = help_of(program)
    parts = [_HEAD, f"```text\n{overview}```\n"]
    for command in commands(overview):
        parts.append(f"## onestep {command}\n\n```text\n{help_of(program, command)}```\n")
    return "\n".join(parts)


def main():
    """Writes or checks the page; the exit status."""
    parser = argparse.ArgumentParser(description="docs/cli.md from the program's own help")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = page(arguments.program)
    if not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"docs/cli.md is out of date: run tools/make_cli_docs.py {arguments.program}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
