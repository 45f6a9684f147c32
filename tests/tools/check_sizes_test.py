import unittest

from made_up_tree import TreeTest

import check_sizes


class CheckSizes(TreeTest):
    def found(self):
        return check_sizes.violations(self.root)

    def test_accepts_files_and_folders_at_the_limits(self):
        self.write("src/onestep/io/a.cpp", "\n" * 400)
        self.write("src/onestep/backend/cpu/kernel.cpp", "\n" * 600)
        for i in range(18):
            self.write(f"tests/io/{i}.cpp")
        self.assertEqual(self.found(), [])

    def test_refuses_a_long_file(self):
        self.write("tests/io/a.cpp", "\n" * 401)
        self.assertEqual(self.found(), ["tests/io/a.cpp: 401 lines; 400 at most"])

    def test_refuses_a_long_kernel(self):
        self.write("src/onestep/backend/cpu/deep/kernel.cpp", "\n" * 601)
        self.assertEqual(self.found(),
                         ["src/onestep/backend/cpu/deep/kernel.cpp: 601 lines; 600 at most"])

    def test_refuses_a_full_folder(self):
        for i in range(19):
            self.write(f"src/onestep/io/{i}.cpp")
        self.assertEqual(self.found(), ["src/onestep/io: 19 files; 18 at most, then a subfolder"])

    def test_does_not_count_reference_data(self):
        for i in range(30):
            self.write(f"tests/goldens/data/{i}.cpp", "\n" * 1000)
        self.assertEqual(self.found(), [])


if __name__ == "__main__":
    unittest.main()
