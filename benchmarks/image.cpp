// What one photograph costs: seconds per stage, processor seconds, operations and memory, for the
// first photograph after loading and for a second of the same size. Prints the table that
// docs/performance.md quotes.

#include "onestep/io/image.h"

#include "onestep/base/check.h"
#include "onestep/base/stopwatch.h"
#include "onestep/base/thread_pool.h"
#include "onestep/output/peak_memory.h"
#include "onestep/pipelines/estimator.h"

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "command_line.h"

namespace onestep::benchmarks {
namespace {

constexpr const char* kUsage =
    "usage: image MODEL PHOTO [--threads N] [--processing-res N] [--steps N] [--simd TARGET]\n";
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

/// One photograph's measurements.
struct Measured {
  Prediction prediction;
  double whole = 0;
  double processor = 0;
};

Measured measure(Estimator& estimator, const Array& rgb, const PredictOptions& options) {
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

void run(const CommandLine& line) {
  LoadOptions loading;
  loading.cpu.threads = static_cast<int>(line.number("--threads", 0));
  loading.cpu.simd = line.text("--simd");
  const Array rgb = read_image(line.word(1));
  auto estimator = Estimator::load(line.word(0), loading);
  const double loading_processor = processor_seconds();
  const auto options = options_of(line);
  const auto first = measure(estimator, rgb, options);
  const auto second = measure(estimator, rgb, options);
  const auto& seen = first.prediction;
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
      estimator.load_seconds(), loading_processor, static_cast<double>(peak_memory_bytes()) / kGiB,
      static_cast<double>(plan.peak_bytes) / kGiB);
  print_rows(first, second, plan);
}

}  // namespace
}  // namespace onestep::benchmarks

int main(int argc, char** argv) {
  using namespace onestep::benchmarks;
  try {
    run({argc,
         argv,
         {{"--threads", "0"}, {"--processing-res", "-1"}, {"--steps", "1"}, {"--simd", ""}},
         2});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "image: %s\n%s", error.what(), kUsage);
    return 1;
  }
}
