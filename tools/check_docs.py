#!/usr/bin/env python3
"""Fails when the documents name what is not there.

* Links to files, and code spans that begin with a folder of the project or (below src/onestep) with
  a module, name files that exist.
* docs/architecture.md: every entry of a ```tree block exists, every source folder is an entry, and
  the layer table says what the USES lines say.
"""

import pathlib
import re
import sys

from module_table import read_uses

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/*.md", "examples/*.md", "models/*.md",
             "recipes/*.md"]
TOPS = ("src/", "tests/", "tools/", "docs/", "benchmarks/", "cmake/", "examples/", "recipes/",
        "models/", ".ci/")

_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_CODE = re.compile(r"`([^`\s]+)`")
_TREE = re.compile(r"^```tree\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| *`(\w+)` *\| *([\w ·]+?) *\|", re.MULTILINE)


def tree_entries(text):
    """Paths of the entries of the ```tree blocks: two spaces of indentation a level."""
    entries = []
    for block in _TREE.findall(text):
        stack = []
        for line in block.splitlines():
            if not line.strip():
                continue
            depth = (len(line) - len(line.lstrip())) // 2
            stack = stack[:depth] + [line.split()[0].rstrip("/")]
            entries.append("/".join(stack))
    return entries


def _check_names(path, text, root):
    name = path.relative_to(root).as_posix()
    for target in _LINK.findall(text):
        if "://" not in target and not (path.parent / target).exists():
            yield f"{name}: the link to {target} leads nowhere"
    source = root / "src" / "onestep"
    modules = tuple(f"{folder.name}/" for folder in source.glob("*/"))
    for span in _CODE.findall(text):
        # models/ is both a folder of the project and a module.
        places = [place for place, starts in ((root, TOPS), (source, modules))
                  if span.startswith(starts)]
        if places and not any(list(place.glob(span.rstrip("/"))) for place in places):
            yield f"{name}: {span} does not exist"


def _check_architecture(root):
    path = root / "docs" / "architecture.md"
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    entries = tree_entries(text)
    for entry in entries:
        if not (root / entry).exists():
            yield f"docs/architecture.md: the tree names {entry}, which does not exist"
    source = root / "src" / "onestep"
    for folder in sorted(source.rglob("*")):
        name = folder.relative_to(root).as_posix()
        if folder.is_dir() and name not in entries:
            yield f"docs/architecture.md: the tree lacks {name}"
    table = {module: set() if words == "nothing" else set(words.split())
             for module, words in _ROW.findall(text)}
    for module, used in read_uses(root).items():
        if table.get(module) != set(used):
            yield (f"docs/architecture.md: the layer table must say that {module} uses "
                   f"{' '.join(used) or 'nothing'}")


def violations(root):
    """Every violation of the tree at `root` as one line of text."""
    found = []
    for pattern in DOCUMENTS:
        for path in sorted(root.glob(pattern)):
            found += _check_names(path, path.read_text(encoding="utf-8"), root)
    return found + list(_check_architecture(root))


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    found = violations(root)
    print("\n".join(found) if found else "the documents name what is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
