// Writes a checkpoint folder with random weights: what takes time and memory in a run is the same
// as with trained ones.

#include "onestep/base/check.h"

#include "testing/random_checkpoint/random_checkpoint.h"

#include <cstdio>

#include "command_line.h"

namespace onestep::benchmarks {
namespace {

constexpr const char* kUsage =
    "usage: make_checkpoint FOLDER [--size sd2|medium|tiny] [--dtype float16|float32]\n"
    "                       [--modality depth|normals] [--seed N]\n";

CommandLine parse(int argc, char** argv) {
  return {argc,
          argv,
          {{"--size", "sd2"}, {"--dtype", "float16"}, {"--modality", "depth"}, {"--seed", "0"}},
          1};
}

testing::RandomCheckpoint checkpoint_of(const CommandLine& line) {
  const auto& size = line.choice("--size", {"sd2", "medium", "tiny"});
  auto checkpoint = size == "sd2"      ? testing::stable_diffusion_2()
                    : size == "medium" ? testing::medium_checkpoint()
                                       : testing::tiny_checkpoint();
  const bool half = line.choice("--dtype", {"float16", "float32"}) == "float16";
  checkpoint.dtype = half ? DType::float16 : DType::float32;
  checkpoint.modality = line.choice("--modality", {"depth", "normals"});
  checkpoint.seed = static_cast<std::uint64_t>(line.number("--seed", 0));
  return checkpoint;
}

}  // namespace
}  // namespace onestep::benchmarks

int main(int argc, char** argv) {
  using namespace onestep::benchmarks;
  try {
    const auto line = parse(argc, argv);
    onestep::testing::write_random_checkpoint(line.word(0), checkpoint_of(line));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_checkpoint: %s\n%s", error.what(), kUsage);
    return 1;
  }
}
