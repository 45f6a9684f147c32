#!/usr/bin/env python3
"""Fails when a file includes what its module may not: see docs/architecture.md.

A module includes itself and the modules of its USES line; `cli` includes every module. Third-party
headers have owners, listed below. Prints `file:line: who may not include what`.
"""

import fnmatch
import pathlib
import re
import sys

from module_table import find_cycle, read_uses

# Third-party headers and the files, below src/onestep, that may include them.
OWNERS = {
    "CLI/*": ["cli/*"],
    "png.h": ["io/png.cpp"],
    "embree3/*": ["scenes/picture/tracer.cpp"],
    "jpeglib.h": ["io/jpeg.cpp", "io/jpeg_encode.cpp"],
    "jerror.h": ["io/jpeg.cpp"],
    "Im[af]*.h": ["io/float_images/exr.cpp"],  # OpenEXR and its Imath
    "zlib.h": ["io/*.cpp"],
    "minizip/*": ["io/numpy/npz.cpp"],
    "hwy/*": ["backend/cpu/*"],
    "nlohmann/*": ["*.cpp"],
    "ATen/*": ["backend/torch/*", "train/*"],
    "c10/*": ["backend/torch/*", "train/*"],
    "torch/*": ["backend/torch/*", "train/*"],
}
# What the system offers; free for every .cpp file and for no header.
POSIX = {"fcntl.h", "malloc.h", "poll.h", "sched.h", "signal.h", "termios.h", "unistd.h", "sys/*"}
MAY_INCLUDE_ALL = {"cli"}

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def _matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _check_own(header, module, uses, root):
    parts = header.split("/")
    if parts[0] != "onestep" or len(parts) < 3:
        return f'expected "onestep/<module>/...", found "{header}"'
    if not (root / "src" / header).is_file():
        return f'"{header}" does not exist'
    used = parts[1]
    if used == module or module in MAY_INCLUDE_ALL or used in uses.get(module, []):
        return None
    return f"{module} may not include {used} (its USES line does not name it)"


def _check_third_party(header, file):
    for pattern, owners in OWNERS.items():
        if fnmatch.fnmatchcase(header, pattern):
            if _matches(file, owners):
                return None
            return f"{file} may not include <{header}>, which belongs to {', '.join(owners)}"
    if "." not in header and "/" not in header:
        return None  # the standard library
    if _matches(header, POSIX):
        return None if file.endswith(".cpp") else f"a header may not include <{header}>"
    return f"<{header}> has no owner; name one in tools/check_layers.py"


def violations(root):
    """Every violation of the tree at `root` as one line of text."""
    uses = read_uses(root)
    found = []
    ring = find_cycle(uses)
    if ring:
        found.append("src/onestep: modules use each other in a ring: " + " -> ".join(ring))
    for module, used in uses.items():
        for unknown in sorted(set(used) - set(uses)):
            found.append(f"src/onestep/{module}/CMakeLists.txt: USES names no module: {unknown}")
    source = root / "src" / "onestep"
    for path in sorted(source.rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        file = path.relative_to(source).as_posix()
        module = file.split("/")[0]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            include = _INCLUDE.match(line)
            if not include:
                continue
            quote, header = include.groups()
            problem = (_check_own(header, module, uses, root) if quote == '"'
                       else _check_third_party(header, file))
            if problem:
                found.append(f"src/onestep/{file}:{number}: {problem}")
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    found = violations(root)
    print("\n".join(found) if found else "the layers hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
