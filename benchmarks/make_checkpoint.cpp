// Writes a checkpoint folder with random weights: what takes time and memory in a run is the same
// as with trained ones.

#include "onestep/base/check.h"

#include "testing/random_checkpoint/random_checkpoint.h"

#include <charconv>
#include <cstdio>
#include <string>
#include <vector>

namespace onestep::testing {
namespace {

constexpr const char* kUsage =
    "usage: make_checkpoint FOLDER [--size sd2|medium|tiny] [--dtype float16|float32]\n"
    "                       [--modality depth|normals] [--seed N]\n";

struct Arguments {
  std::string folder;
  std::string size = "sd2";
  std::string dtype = "float16";
  std::string modality = "depth";
  std::string seed = "0";
};

Arguments parse(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string* const target = words[i] == "--size"       ? &arguments.size
                                : words[i] == "--dtype"    ? &arguments.dtype
                                : words[i] == "--modality" ? &arguments.modality
                                : words[i] == "--seed"     ? &arguments.seed
                                                           : nullptr;
    if (target != nullptr) {
      check(i + 1 < words.size(), words[i], " needs a value");
      *target = words[++i];
    } else {
      check(!words[i].starts_with("-"), "unknown option ", words[i]);
      check(arguments.folder.empty(), "one folder only, found ", arguments.folder, " and ",
            words[i]);
      arguments.folder = words[i];
    }
  }
  check(!arguments.folder.empty(), "the folder to write is missing");
  return arguments;
}

RandomCheckpoint checkpoint_of(const Arguments& arguments) {
  check(arguments.size == "sd2" || arguments.size == "medium" || arguments.size == "tiny",
        "--size is sd2, medium or tiny, not ", arguments.size);
  check(arguments.dtype == "float16" || arguments.dtype == "float32",
        "--dtype is float16 or float32, not ", arguments.dtype);
  RandomCheckpoint checkpoint = arguments.size == "sd2"      ? stable_diffusion_2()
                                : arguments.size == "medium" ? medium_checkpoint()
                                                             : tiny_checkpoint();
  checkpoint.dtype = arguments.dtype == "float16" ? DType::float16 : DType::float32;
  checkpoint.modality = arguments.modality;
  const char* const end = arguments.seed.data() + arguments.seed.size();
  const auto [rest, error] = std::from_chars(arguments.seed.data(), end, checkpoint.seed);
  check(error == std::errc() && rest == end, "--seed is a number from 0, not ", arguments.seed);
  return checkpoint;
}

}  // namespace
}  // namespace onestep::testing

int main(int argc, char** argv) {
  using namespace onestep;
  testing::RandomCheckpoint checkpoint;
  std::string folder;
  try {
    const auto arguments = testing::parse({argv + 1, argv + argc});
    checkpoint = testing::checkpoint_of(arguments);
    folder = arguments.folder;
  } catch (const Error& error) {
    std::fprintf(stderr, "make_checkpoint: %s\n%s", error.what(), testing::kUsage);
    return 2;
  }
  try {
    testing::write_random_checkpoint(folder, checkpoint);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_checkpoint: %s\n", error.what());
    return 1;
  }
  return 0;
}
