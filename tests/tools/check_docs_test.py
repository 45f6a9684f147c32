import unittest

from made_up_tree import TreeTest

import check_docs

ARCHITECTURE = """
```tree
src/onestep/
  base/       the ground
    a.h
  io/
```
| module | may include |
| --- | --- |
| `base` | nothing |
| `io` | base |
"""


class CheckDocs(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("src/onestep/base/CMakeLists.txt", "onestep_add_module(base SOURCES a.cpp)")
        self.write("src/onestep/base/a.h")
        self.write("src/onestep/io/CMakeLists.txt", "onestep_add_module(io SOURCES b.cpp USES base)")

    def found(self, architecture=ARCHITECTURE):
        self.write("docs/architecture.md", architecture)
        return check_docs.violations(self.root)

    def test_accepts_a_document_that_is_true(self):
        self.write("README.md", "See [the tree](docs/architecture.md#tree), `src/onestep/*/a.h`, "
                                "`--help` and [elsewhere](https://example.org/no/file).")
        self.assertEqual(self.found(), [])

    def test_refuses_a_link_that_leads_nowhere(self):
        self.write("README.md", "[gone](docs/gone.md)")
        self.assertEqual(self.found(), ["README.md: the link to docs/gone.md leads nowhere"])

    def test_refuses_a_file_that_is_not_there(self):
        self.write("CONTRIBUTING.md", "Look at `src/onestep/base/b.h` and `io/b.h`.")
        self.assertEqual(self.found(), ["CONTRIBUTING.md: src/onestep/base/b.h does not exist",
                                        "CONTRIBUTING.md: io/b.h does not exist"])

    def test_refuses_a_tree_that_names_too_much_or_too_little(self):
        self.write("src/onestep/nn/norm.h")
        found = self.found(ARCHITECTURE.replace("    a.h", "    c.h"))
        self.assertEqual(found, [
            "docs/architecture.md: the tree names src/onestep/base/c.h, which does not exist",
            "docs/architecture.md: the tree lacks src/onestep/nn"])

    def test_refuses_a_table_that_differs_from_the_uses_lines(self):
        self.assertEqual(self.found(ARCHITECTURE.replace("| `io` | base |", "| `io` | nothing |")),
                         ["docs/architecture.md: the layer table must say that io uses base"])


if __name__ == "__main__":
    unittest.main()
