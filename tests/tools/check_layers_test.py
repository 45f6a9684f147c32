import unittest

from made_up_tree import ROOT, TreeTest

import check_layers


class CheckLayers(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("src/onestep/base/CMakeLists.txt", "onestep_add_module(base SOURCES a.cpp)")
        self.write("src/onestep/io/CMakeLists.txt",
                   "onestep_add_module(io\n  SOURCES png.cpp  # a comment\n  USES base\n"
                   "  PACKAGES PNG::PNG)")
        self.write("src/onestep/base/a.h")
        self.write("src/onestep/io/png.h")

    def found(self):
        return check_layers.violations(self.root)

    def test_accepts_what_the_uses_line_names(self):
        self.write("src/onestep/io/png.cpp",
                   '#include "onestep/io/png.h"\n#include "onestep/base/a.h"\n#include <png.h>\n'
                   "#include <vector>\n#include <unistd.h>\n")
        self.assertEqual(self.found(), [])

    def test_refuses_a_module_that_is_not_named(self):
        self.write("src/onestep/base/a.cpp", '\n#include "onestep/io/png.h"\n')
        self.assertEqual(self.found(), ["src/onestep/base/a.cpp:2: base may not include io "
                                        "(its USES line does not name it)"])

    def test_lets_the_command_line_include_everything(self):
        self.write("src/onestep/cli/main.cpp",
                   '#include "onestep/io/png.h"\n#include <CLI/CLI.hpp>\n')
        self.assertEqual(self.found(), [])

    def test_refuses_a_third_party_header_outside_its_owner(self):
        self.write("src/onestep/io/npy.cpp", "#include <png.h>\n")
        self.assertEqual(self.found(), ["src/onestep/io/npy.cpp:1: io/npy.cpp may not include "
                                        "<png.h>, which belongs to io/png.cpp"])

    def test_refuses_json_in_a_header(self):
        self.write("src/onestep/io/json.h", "#include <nlohmann/json.hpp>\n")
        self.assertIn("io/json.h may not include <nlohmann/json.hpp>", self.found()[0])

    def test_refuses_a_header_without_an_owner(self):
        self.write("src/onestep/io/exr.cpp", "#include <OpenEXR/ImfArray.h>\n")
        self.assertIn("<OpenEXR/ImfArray.h> has no owner", self.found()[0])

    def test_refuses_a_header_that_does_not_exist(self):
        self.write("src/onestep/io/png.cpp", '#include "onestep/base/b.h"\n#include "png.h"\n')
        self.assertEqual(len(self.found()), 2)

    def test_refuses_a_ring_of_modules(self):
        self.write("src/onestep/base/CMakeLists.txt",
                   "onestep_add_module(base SOURCES a.cpp USES io)")
        self.assertIn("ring: base -> io -> base", self.found()[0])

    def test_refuses_a_module_that_nobody_knows(self):
        self.write("src/onestep/base/CMakeLists.txt",
                   "onestep_add_module(base SOURCES a.cpp USES cuda)")
        self.assertIn("USES names no module: cuda", self.found()[0])

    def test_finds_the_modules_of_this_project(self):
        self.assertLess({"base", "tensor", "io", "backend", "nn"}, set(check_layers.read_uses(ROOT)))


if __name__ == "__main__":
    unittest.main()
