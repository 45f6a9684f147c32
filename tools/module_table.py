"""The modules of a source tree and whom they may include, read from their CMakeLists.txt."""

import re

_MODULE = re.compile(r"onestep_add_(?:torch_)?module\s*\(\s*(\w+)(.*?)\)", re.DOTALL)
_KEYWORDS = {"SOURCES", "USES", "PACKAGES"}


def read_uses(root):
    """{module: [modules that its USES line names]} for src/onestep/*/CMakeLists.txt."""
    uses = {}
    for path in sorted((root / "src" / "onestep").glob("*/CMakeLists.txt")):
        text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
        for name, arguments in _MODULE.findall(text):
            keyword, used = None, []
            for word in arguments.split():
                if word in _KEYWORDS:
                    keyword = word
                elif keyword == "USES":
                    used.append(word)
            uses[name] = used
    return uses


def find_cycle(uses):
    """Modules that use each other in a ring, or an empty list."""

    def walk(module, path):
        if module in path:
            return path[path.index(module):] + [module]
        for used in uses.get(module, []):
            ring = walk(used, path + [module])
            if ring:
                return ring
        return []

    for module in uses:
        ring = walk(module, [])
        if ring:
            return ring
    return []
