"""./run in a made-up project whose cmake, ninja and ctest are scripts that note their calls."""

import os
import shutil
import signal
import subprocess
import time
import unittest

from made_up_tree import ROOT, TreeTest

PROGRAM = """#!/bin/sh
case $1 in
  status) exit "$2" ;;
  signal) kill -"$2" $$ ;;
esac
printf '%s|' "$PWD" "$@"
"""
CMAKE = """#!/bin/sh
echo "cmake $*" >> "$NOTES"
for word; do case $word in release|debug) preset=$word ;; -D*) option=$word ;; esac; done
[ -e "$BROKEN" ] && echo "CMake Error: no compiler" && exit 1
{ echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD"
  for word; do case $word in -D*) word=${word#-D}; echo "${word%%=*}:BOOL=${word#*=}" ;; esac; done
} > build/$preset/CMakeCache.txt
touch build/$preset/build.ninja
"""
NINJA = """#!/bin/sh
folder=$2
case " $* " in *" -n "*) exit 0 ;; esac
echo "ninja $*" >> "$NOTES"
[ -e "$BROKEN" ] && echo "error: expected ';'" && exit 1
mkdir -p "$folder/bin" && cp "$PROGRAM_SOURCE" "$folder/bin/onestep"
case " $* " in *onestep-torch*) cp "$PROGRAM_SOURCE" "$folder/bin/onestep-torch" ;; esac
"""
PIP = """#!/bin/sh
echo "pip $*" >> "$NOTES"
[ -e "$BROKEN" ] && echo "ERROR: no network" && exit 1
for word; do [ "$before" = --target ] && folder=$word; before=$word; done
mkdir -p "$folder/torch/lib" && touch "$folder/torch/lib/libtorch_cpu.so"
"""
CTEST = """#!/bin/sh
echo "ctest $*" >> "$NOTES"
echo "100% tests passed, 0 tests failed out of 3"
[ ! -e "$BROKEN" ]
"""


class Run(TreeTest):
    def setUp(self):
        super().setUp()
        self.project = self.root / "a project"
        self.write("a project/CMakePresets.json")
        self.write("a project/CMakeLists.txt")
        self.write("a project/src/a.cpp")
        self.write("a project/cmake/flags.cmake")
        self.write("a project/docs/licences.md")
        shutil.copy(ROOT / "run", self.project / "run")
        self.tools = self.root / "tools"
        for name, text in [("cmake", CMAKE), ("ninja", NINJA), ("ctest", CTEST), ("g++", ""),
                           ("pip3", ""), ("python3", PIP), ("apt-get", "#!/bin/sh\nexit 1\n")]:
            self.write(f"tools/{name}", text).chmod(0o755)
        self.write("program", PROGRAM).chmod(0o755)
        self.notes = self.write("notes")
        self.broken = self.root / "broken"

    def run_it(self, *arguments, door=None, folder=None, more=None):
        environment = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}",
                       "NOTES": str(self.notes), "BROKEN": str(self.broken),
                       "PROGRAM_SOURCE": str(self.root / "program")}
        environment.pop("CI", None)
        environment.pop("ONESTEP_TORCH_ROOT", None)
        environment.update(more or {})
        return subprocess.run([door or self.project / "run", *arguments], cwd=folder or self.root,
                              env=environment, capture_output=True, text=True, check=False)

    def calls(self):
        lines = self.notes.read_text(encoding="utf-8").splitlines()
        self.notes.write_text("", encoding="utf-8")
        return lines

    def build(self):
        self.assertEqual(self.run_it("status", "0").returncode, 0)
        return self.calls()

    def test_builds_the_program_alone_for_a_first_command(self):
        calls = self.build()
        self.assertIn("--preset release -DONESTEP_TESTS=OFF -DONESTEP_BENCHMARKS=OFF", calls[0])
        self.assertTrue(calls[1].endswith("bin/onestep"))
        self.assertEqual(len(calls), 2)

    def test_says_nothing_when_nothing_had_to_be_built(self):
        self.build()
        result = self.run_it("predict", "a photo.jpg", "", "-m", "$HOME")
        self.assertEqual(result.stdout, f"{self.root}|predict|a photo.jpg||-m|$HOME|")
        self.assertEqual(result.stderr, "")
        self.assertEqual(self.calls(), [])

    def test_works_through_a_symlink_from_any_folder(self):
        self.build()
        door = self.root / "door"
        door.symlink_to(self.project / "run")
        folder = self.root / "elsewhere"
        folder.mkdir()
        self.assertEqual(self.run_it("x", door=door, folder=folder).stdout, f"{folder}|x|")

    def test_ends_as_the_program_ends(self):
        self.build()
        self.assertEqual(self.run_it("status", "7").returncode, 7)
        self.assertEqual(self.run_it("signal", "TERM").returncode, -signal.SIGTERM)

    def test_adds_less_than_a_fifth_of_a_second(self):
        self.build()
        seconds = []
        for _ in range(5):
            start = time.monotonic()
            self.run_it("status", "0")
            seconds.append(time.monotonic() - start)
        self.assertLess(min(seconds), 0.2)

    def test_builds_again_after_a_change_or_a_removal(self):
        self.build()
        self.write("a project/src/a.cpp", "int a;")
        self.assertEqual([call.split()[0] for call in self.build()], ["ninja"])
        (self.project / "src" / "a.cpp").unlink()
        self.assertEqual([call.split()[0] for call in self.build()], ["ninja"])
        self.assertEqual(self.build(), [])

    def test_configures_anew_in_a_moved_project(self):
        self.build()
        self.project = self.project.rename(self.root / "moved")
        self.assertEqual(self.build(), [])
        self.write("moved/src/a.cpp", "int a;")
        self.assertIn("--fresh", self.build()[0])

    def test_shows_the_end_of_the_log_when_building_fails(self):
        self.build()
        self.write("broken")
        self.write("a project/src/a.cpp", "int a")
        result = self.run_it("status", "0")
        self.assertEqual(result.returncode, 1)
        self.assertIn("error: expected ';'", result.stderr)
        self.assertIn("building failed; the whole output is in", result.stderr)
        self.broken.unlink()
        self.calls()
        self.assertEqual([call.split()[0] for call in self.build()], ["ninja"])

    def test_shows_the_end_of_the_log_when_configuring_fails(self):
        self.write("broken")
        result = self.run_it("status", "0")
        self.assertEqual(result.returncode, 1)
        self.assertIn("CMake Error: no compiler", result.stderr)

    def test_runs_the_release_build_s_tests(self):
        result = self.run_it("test", "-R", "Png")
        self.assertTrue(result.stdout.endswith("0 tests failed out of 3\n"))
        calls = self.calls()
        self.assertIn("-DONESTEP_TESTS=ON", calls[0])
        self.assertTrue(calls[1].endswith("all"))
        self.assertTrue(calls[2].endswith("-R Png"))
        self.assertEqual(len(calls), 3)

    def test_adds_the_sanitizer_build_s_tests(self):
        self.run_it("test", "--all")
        tested = [call for call in self.calls() if call.startswith("ctest")]
        self.assertEqual(["release" in tested[0], "debug" in tested[1]], [True, True])

    def test_fetches_libtorch_once_for_training(self):
        result = self.run_it("train", "recipe.json")
        self.assertEqual(result.stdout, f"{self.root}|train|recipe.json|")
        calls = self.calls()
        self.assertIn("pip -m pip install --target", calls[0])
        self.assertIn("torch==2.11.0", calls[0])
        self.assertIn("-DONESTEP_TORCH=ON", calls[1])
        self.assertTrue(calls[2].endswith("bin/onestep-torch"))
        self.assertEqual(self.run_it("train", "recipe.json").stderr, "")
        self.assertEqual(self.calls(), [])

    def test_takes_a_libtorch_that_is_there(self):
        self.write("there/torch/lib/libtorch_cpu.so")
        root = self.root / "there"
        self.run_it("train", "recipe.json", more={"ONESTEP_TORCH_ROOT": str(root)})
        calls = self.calls()
        self.assertIn(f"-DONESTEP_TORCH_ROOT={root}", calls[0])
        self.assertFalse([call for call in calls if call.startswith("pip")])

    def test_says_what_is_missing_where_libtorch_should_be(self):
        result = self.run_it("train", "r.json", more={"ONESTEP_TORCH_ROOT": str(self.root / "no")})
        self.assertEqual(result.returncode, 1)
        self.assertIn("ONESTEP_TORCH_ROOT: expected torch/lib/libtorch_cpu.so", result.stderr)

    def test_leaves_nothing_half_fetched(self):
        self.write("broken")
        result = self.run_it("train", "recipe.json")
        self.assertEqual(result.returncode, 1)
        self.assertIn("fetching libtorch failed", result.stderr)
        self.assertFalse((self.project / "build" / "torch").exists())

    def test_trains_and_uses_gpus_with_the_program_that_has_libtorch(self):
        self.run_it("train", "recipe.json")
        self.run_it("status", "0")
        lean = self.project / "build" / "release" / "bin" / "onestep"
        lean.write_text("#!/bin/sh\necho lean\n", encoding="utf-8")
        for words in [("predict", "a.jpg"), ("predict", "--device", "cpu"), ("train", "--help")]:
            self.assertEqual(self.run_it(*words).stdout, "lean\n", words)
        for words in [("predict", "--device", "cuda"), ("predict", "--device=torch-cpu")]:
            self.assertNotEqual(self.run_it(*words).stdout, "lean\n", words)

    def test_tests_libtorch_with_all_alone(self):
        self.run_it("test")
        self.assertNotIn("TORCH", " ".join(self.calls()))
        self.run_it("test", "--all")
        configured = [call for call in self.calls() if call.startswith("cmake")]
        self.assertEqual(["TORCH=ON" in call for call in configured], [True, False])

    def test_stops_at_the_first_build_whose_tests_fail(self):
        self.run_it("test", "--all")
        self.calls()
        self.write("broken")
        ninja = self.tools / "ninja"
        ninja.write_text("#!/bin/sh\necho 'ninja: no work to do.'\n", encoding="utf-8")
        result = self.run_it("test", "--all")
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(len([call for call in self.calls() if call.startswith("ctest")]), 1)

    def test_refuses_a_benchmark_that_is_not_there(self):
        result = self.run_it("bench", "speed")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no benchmark is called 'speed'", result.stderr)


if __name__ == "__main__":
    unittest.main()
