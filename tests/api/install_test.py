"""Builds examples/predict_depth against the installed tree and runs it.

install_test.py CMAKE BUILD_FOLDER COMPILER SANITIZERS
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "predict_depth"
MODEL = ROOT / "tests" / "goldens" / "models" / "tiny_e2e_depth"
PHOTO = ROOT / "examples" / "coffee.jpg"
CMAKE, BUILD, COMPILER, SANITIZERS = sys.argv[1:5]


def flags():
    return [f"-fsanitize={SANITIZERS}"] if SANITIZERS else []


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.temporary = pathlib.Path(cls.folder.name)
        # The tree is used elsewhere than where it was installed.
        first = cls.temporary / "first"
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", first], check=True,
                       capture_output=True)
        cls.prefix = cls.temporary / "a second place"
        first.rename(cls.prefix)

    def call(self, *command, **options):
        result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        self.assertEqual(result.returncode, 0, f"{command}:\n{result.stdout}{result.stderr}")
        return result.stdout

    def configure(self, source, build):
        return self.call(CMAKE, "-G", "Ninja", "-S", source, "-B", build,
                         f"-DCMAKE_CXX_COMPILER={COMPILER}",
                         f"-DCMAKE_CXX_FLAGS={' '.join(flags())}",
                         f"-DCMAKE_PREFIX_PATH={self.prefix}")

    def run_example(self, program):
        out = self.temporary / f"out of {program.name}"
        printed = self.call(program, MODEL, PHOTO, out)
        depth = (out / "coffee_depth.npy").read_bytes()
        self.assertEqual(depth[:6], b"\x93NUMPY")
        self.assertIn(b"'shape': (400, 600)", depth[:128])
        self.assertEqual(len(depth), 128 + 4 * 400 * 600)
        self.assertIn("nearest pixel: row ", printed)
        self.assertIn(str(out / "coffee.json"), printed)
        self.assertTrue((out / "coffee.json").is_file())

    def test_find_package_leads_to_a_library_that_predicts(self):
        build = self.temporary / "by cmake"
        self.configure(EXAMPLE, build)
        self.call(CMAKE, "--build", build)
        self.run_example(build / "predict_depth")

    def test_find_package_refuses_a_version_that_differs(self):
        source = self.temporary / "later"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(later LANGUAGES CXX)\n"
            "find_package(onestep 9 REQUIRED)\n", encoding="utf-8")
        with self.assertRaisesRegex(AssertionError, "compatible with requested version"):
            self.configure(source, self.temporary / "later build")

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_pkg_config_leads_to_a_library_that_predicts(self):
        # pkg-config escapes no blanks in the folder that it was found in.
        moved = self.temporary / "moved"
        moved.symlink_to(self.prefix)
        folders = ":".join(str(path.parent) for path in moved.rglob("onestep.pc"))
        environment = {**os.environ, "PKG_CONFIG_PATH": folders}
        models = self.call("pkg-config", "--variable=modelsdir", "onestep", env=environment)
        self.assertEqual(pathlib.Path(models.strip()).resolve(),
                         (self.prefix / "share" / "onestep" / "models").resolve())
        found = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "--static", "onestep"], capture_output=True,
            text=True, check=False, env=environment)
        self.assertEqual(found.returncode, 0, found.stderr)
        program = self.temporary / "by_pkg_config"
        self.call(COMPILER, "-std=c++20", *flags(), EXAMPLE / "main.cpp", *found.stdout.split(),
                  "-o", program)
        self.run_example(program)

    def test_the_public_header_needs_nothing_but_the_standard_library(self):
        source = self.temporary / "alone.cpp"
        source.write_text("#include <onestep/api/onestep.h>\n", encoding="utf-8")
        self.call(COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wshadow",
                  f"-I{self.prefix / 'include'}", "-fsyntax-only", source)
        ours = self.call(COMPILER, "-std=c++20", f"-I{self.prefix / 'include'}", "-MM", source)
        headers = [line for line in ours.replace("\\\n", "\n").split("\n") if ".h" in line]
        self.assertEqual(len(headers), 2, ours)

    def test_the_installed_program_finds_the_bundled_models_and_so_does_the_package(self):
        models = self.prefix / "share" / "onestep" / "models"
        for modality in ["depth", "normals"]:
            self.assertTrue((models / modality / "model_index.json").is_file(), modality)
        out = self.temporary / "out of bundled models"
        self.call(self.prefix / "bin" / "onestep", "predict", PHOTO, "-o", out)
        for name in ["coffee_depth.npy", "coffee_normals.npy"]:
            self.assertTrue((out / name).is_file(), name)
        source = self.temporary / "models of the package"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(models LANGUAGES CXX)\n"
            "find_package(onestep REQUIRED)\nmessage(STATUS \"found ${onestep_MODELS}\")\n",
            encoding="utf-8")
        configured = self.configure(source, self.temporary / "models of the package, built")
        self.assertIn(f"found {models}", configured)

    def test_the_program_and_the_licence_are_there_and_nothing_of_the_build(self):
        self.call(self.prefix / "bin" / "onestep", "--version")
        self.assertTrue(list(self.prefix.rglob("LICENSE")))
        for path in self.prefix.rglob("*"):
            if path.suffix in {".cmake", ".pc", ".h"}:
                text = path.read_text(encoding="utf-8")
                self.assertNotIn(str(ROOT), text, path)
                self.assertNotIn(BUILD, text, path)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
