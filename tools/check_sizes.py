#!/usr/bin/env python3
"""Fails when a file or a folder has become hard to take in.

Files have at most 400 lines (kernels, below backend/cpu, 600), folders at most 18 files. Prints
`file: rule`.
"""

import pathlib
import sys

LINES = 400
KERNEL_LINES = 600
FILES = 18
CHECKED = ["src", "tests", "benchmarks", "tools", "cmake", "docs"]
# Reference data: made by programs, read by tests.
EXEMPT = ["tests/goldens", "tests/models/state_dict"]
SUFFIXES = {".h", ".cpp", ".py", ".cmake"}


def _is_exempt(path, root):
    name = path.relative_to(root).as_posix()
    return any(name == exempt or name.startswith(exempt + "/") for exempt in EXEMPT)


def _line_limit(name):
    return KERNEL_LINES if name.startswith("src/onestep/backend/cpu/") else LINES


def violations(root):
    """Every violation of the tree at `root` as one line of text."""
    found = []
    for top in CHECKED:
        for folder in sorted({root / top, *(root / top).rglob("*")}):
            if not folder.is_dir() or _is_exempt(folder, root) or folder.name == "__pycache__":
                continue
            files = sorted(path for path in folder.iterdir() if path.is_file())
            name = folder.relative_to(root).as_posix()
            if len(files) > FILES:
                found.append(f"{name}: {len(files)} files; {FILES} at most, then a subfolder")
            for path in files:
                lines = (len(path.read_text(encoding="utf-8").splitlines())
                         if path.suffix in SUFFIXES else 0)
                limit = _line_limit(f"{name}/{path.name}")
                if lines > limit:
                    found.append(f"{name}/{path.name}: {lines} lines; {limit} at most")
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    found = violations(root)
    print("\n".join(found) if found else "the sizes hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
