// What one photograph costs: seconds per stage, processor seconds, operations and memory, for the
// first photograph after loading and for more of the same size. Prints the table that
// docs/performance.md quotes. `./run bench image --peers ...` does not come here but starts
// peers/compare.py, which runs this program beside other runtimes and reads what --json writes.

#include "onestep/io/image.h"

#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/base/thread_pool.h"
#include "onestep/io/numpy/npy.h"
#include "onestep/output/peak_memory.h"
#include "onestep/pipelines/estimator.h"

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "command_line.h"

namespace onestep::benchmarks {
namespace {

constexpr const char* kUsage =
    "usage: image MODEL PHOTO [--threads N] [--processing-res N] [--steps N] [--simd TARGET]\n"
    "                         [--images N] [--json FILE] [--decoded NPY]\n"
    "--images   how often the photograph is predicted, from 2\n"
    "--json     the measurements, for programs\n"
    "--decoded  what the decoder returns, float32 [1,3,H,W]; predicted once more, after "
    "measuring\n";
constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

/// Of all threads, user and system.
double processor_seconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  }
  return "unknown processor";
}

/// Since this process began, to a tick of the kernel's clock (10 ms).
double seconds_since_start() {
  std::ifstream file("/proc/self/stat");
  std::string stat{std::istreambuf_iterator<char>(file), {}};
  // The program's name, in brackets, may hold spaces. The start is the 22nd word, the 20th behind.
  std::istringstream words(stat.substr(stat.rfind(')') + 1));
  std::string start;
  for (int word = 0; word < 20; ++word) words >> start;
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 -
         std::stod(start) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// One photograph's measurements.
struct Measured {
  Prediction prediction;
  double whole = 0;
  double processor = 0;
};

Measured measure(const Estimator& estimator, const Array& rgb, const PredictOptions& options) {
  Measured measured;
  const double before = processor_seconds();
  const Stopwatch watch;
  measured.prediction = estimator.predict(rgb, options);
  measured.whole = watch.seconds();
  measured.processor = processor_seconds() - before;
  return measured;
}

void print_row(const char* name, double first, double second) {
  std::printf("| %s | %.2f | %.2f |\n", name, first, second);
}

void print_rows(const Measured& first, const Measured& second, const CostPlan& plan) {
  const auto stage = [&](const char* name, double StageSeconds::*seconds) {
    print_row(name, first.prediction.seconds.*seconds, second.prediction.seconds.*seconds);
  };
  std::printf("| seconds | first photograph | second |\n| --- | ---: | ---: |\n");
  stage("prepare", &StageSeconds::prepare);
  stage("encode", &StageSeconds::encode);
  stage("denoise", &StageSeconds::denoise);
  stage("decode", &StageSeconds::decode);
  stage("finish", &StageSeconds::finish);
  print_row("whole", first.whole, second.whole);
  print_row("processor seconds, all threads", first.processor, second.processor);
  const double gflop = 2e-9 * plan.multiply_adds;
  print_row("GFLOP/s, wall", gflop / first.whole, gflop / second.whole);
  print_row("GFLOP per processor second", gflop / first.processor, gflop / second.processor);
}

PredictOptions options_of(const CommandLine& line) {
  PredictOptions options;
  options.steps = static_cast<int>(line.number("--steps", 1));
  const auto resolution = line.number("--processing-res", -1);
  if (resolution >= 0) options.processing_resolution = static_cast<int>(resolution);
  return options;
}

/// What is known of a whole run.
struct Measurements {
  std::vector<Measured> images;
  double until_first_image = 0;  ///< seconds since the process began
  std::int64_t peak_bytes = 0;
  double loading_processor = 0;  ///< processor seconds
};

void print_tables(const Estimator& estimator, const Measurements& run) {
  const auto& seen = run.images.front().prediction;
  const auto plan =
      plan_cost(estimator.folder(), seen.processed_height, seen.processed_width, seen.options.steps,
                seen.options.prompt_tokens, estimator.engine().threads);
  std::printf("%s, %d of %d processors, %s\n", processor_name().c_str(), estimator.engine().threads,
              available_processors(), estimator.engine().simd.c_str());
  std::printf(
      "%lldx%lld pixels, %d step%s, %.2f TFLOP; loading %.2f s (%.2f processor seconds); "
      "peak memory %.2f GiB (planned %.2f GiB)\n\n",
      static_cast<long long>(seen.processed_width), static_cast<long long>(seen.processed_height),
      seen.options.steps, seen.options.steps == 1 ? "" : "s", 2e-12 * plan.multiply_adds,
      estimator.load_seconds(), run.loading_processor, static_cast<double>(run.peak_bytes) / kGiB,
      static_cast<double>(plan.peak_bytes) / kGiB);
  print_rows(run.images[0], run.images[1], plan);
}

/// The keys are those of peers/peer.py.
void write_json(const std::string& path, const Estimator& estimator, const Measurements& run) {
  nlohmann::json images = nlohmann::json::array();
  for (const Measured& image : run.images) {
    const StageSeconds& seconds = image.prediction.seconds;
    images.push_back({{"encode", seconds.encode},
                      {"denoise", seconds.denoise},
                      {"decode", seconds.decode},
                      {"whole", image.whole},
                      {"cpu", image.processor}});
  }
  std::ofstream file(path);
  file << nlohmann::json{{"load", estimator.load_seconds()},
                         {"until_first_image", run.until_first_image},
                         {"images", images},
                         {"peak", run.peak_bytes},
                         {"version", "onestep, " + estimator.engine().simd}}
       << "\n";
  file.close();
  check(!file.fail(), path, ": cannot be written");
}

void run(const CommandLine& line) {
  LoadOptions loading;
  loading.cpu.threads = static_cast<int>(line.number("--threads", 0));
  loading.cpu.simd = line.text("--simd");
  const auto count = line.number("--images", 2);
  const Array rgb = read_image(line.word(1));
  const auto estimator = Estimator::load(line.word(0), loading);
  auto options = options_of(line);
  Measurements run;
  run.loading_processor = processor_seconds();
  for (std::int64_t image = 0; image < count; ++image) {
    run.images.push_back(measure(estimator, rgb, options));
    if (image == 0) run.until_first_image = seconds_since_start();
  }
  run.peak_bytes = peak_memory_bytes();
  print_tables(estimator, run);
  if (!line.text("--json").empty()) write_json(line.text("--json"), estimator, run);
  if (line.text("--decoded").empty()) return;
  options.keep_intermediates = true;
  write_npy(line.text("--decoded"), estimator.predict(rgb, options).intermediates.at("decoded"));
}

}  // namespace
}  // namespace onestep::benchmarks

int main(int argc, char** argv) {
  using namespace onestep::benchmarks;
  try {
    run({argc,
         argv,
         {{"--threads", "0"},
          {"--processing-res", "-1"},
          {"--steps", "1"},
          {"--simd", ""},
          {"--images", "2"},
          {"--json", ""},
          {"--decoded", ""}},
         2});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "image: %s\n%s", error.what(), kUsage);
    return 1;
  }
}
