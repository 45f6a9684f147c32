// Scenes a second: rendered_scene() on one and on all processors, by size. Prints the table that
// docs/scenes.md quotes.

#include "onestep/scenes/scenes.h"

#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/base/thread_pool.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "command_line.h"

namespace onestep::benchmarks {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown processor";
}

/// The median of three runs.
double scenes_per_second(std::int64_t count, std::int64_t height, std::int64_t width, int threads) {
  std::vector<double> rates;
  for (int run = 0; run < 3; ++run) {
    ThreadPool pool(threads);
    const Stopwatch watch;
    pool.parallel_for(count, 1, {}, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        rendered_scene({.seed = 1, .index = i, .height = height, .width = width});
      }
    });
    rates.push_back(static_cast<double>(count) / watch.seconds());
  }
  std::ranges::sort(rates);
  return rates[1];
}

void run(int argc, char** argv) {
  const CommandLine line(argc, argv, {{"--count", "200"}}, 0);
  const std::int64_t count = line.number("--count", 1);
  const int threads = available_processors();
  std::printf("%s, %s, %lld scenes, median of 3\n\n", processor_name().c_str(),
              scene_renderer().c_str(), static_cast<long long>(count));
  std::printf("| size | scenes/s, 1 thread | scenes/s, %d threads |\n| --- | ---: | ---: |\n",
              threads);
  for (const auto& [width, height] : {std::pair{64, 48}, std::pair{128, 96}, std::pair{256, 192}}) {
    std::printf("| %dx%d | %.0f | %.0f |\n", width, height,
                scenes_per_second(count, height, width, 1),
                scenes_per_second(count, height, width, threads));
  }
}

}  // namespace
}  // namespace onestep::benchmarks

int main(int argc, char** argv) {
  try {
    onestep::benchmarks::run(argc, argv);
  } catch (const onestep::Error& error) {
    std::fprintf(stderr, "scenes: %s\nusage: scenes [--count N]\n", error.what());
    return 1;
  }
}
