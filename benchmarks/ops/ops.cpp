// How near the CPU backend's operations come to the processor's multiply-adds, at the shapes of the
// full-size networks (768x576, Stable Diffusion 2). Every line also gives its share of a loop of
// independent multiply-adds in registers that is measured in the same process; both are counted per
// second of processor time, so that other work on the machine does not enter.
//
//   ops [--benchmark_filter=avx512.*2_threads]
//
// Lines that begin with onednn are of that library's Winograd convolution, measured alike.
#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/layer.h"
#include "onestep/base/stopwatch.h"
#include "onestep/base/thread_pool.h"

#include <benchmark/benchmark.h>
#include <immintrin.h>
#include <time.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "random_values.h"
#ifdef ONESTEP_BENCHMARK_ONEDNN
#include "onednn.h"
#endif

namespace onestep {
namespace {

// Twelve sums hide the latency of two pipelines of up to six cycles.
// They start from different values, or the compiler would compute one for all.
constexpr int kSums = 12;
constexpr std::int64_t kRounds = 4'000'000;

__attribute__((target("avx512f"))) float fma_loop_avx512() {
  __m512 sums[kSums];
  for (int j = 0; j < kSums; ++j) sums[j] = _mm512_set1_ps(static_cast<float>(j));
  const __m512 x = _mm512_set1_ps(1e-9f);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kSums; ++j) sums[j] = _mm512_fmadd_ps(x, x, sums[j]);
  }
  float result = 0;
  for (const __m512& sum : sums) result += sum[0];
  return result;
}

__attribute__((target("avx2,fma"))) float fma_loop_avx2() {
  __m256 sums[kSums];
  for (int j = 0; j < kSums; ++j) sums[j] = _mm256_set1_ps(static_cast<float>(j));
  const __m256 x = _mm256_set1_ps(1e-9f);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kSums; ++j) sums[j] = _mm256_fmadd_ps(x, x, sums[j]);
  }
  float result = 0;
  for (const __m256& sum : sums) result += sum[0];
  return result;
}

float fma_loop_sse4() {
  __m128 sums[kSums];
  for (int j = 0; j < kSums; ++j) sums[j] = _mm_set1_ps(static_cast<float>(j));
  const __m128 x = _mm_set1_ps(1e-9f);
  for (std::int64_t i = 0; i < kRounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kSums; ++j) sums[j] = _mm_add_ps(_mm_mul_ps(x, sums[j]), x);
  }
  float result = 0;
  for (const __m128& sum : sums) result += sum[0];
  return result;
}

/// Seconds that all threads of this process have computed for.
double processor_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// GFLOP per processor second of threads that do nothing but multiply and add; the best of three.
double peak_of(const std::string& simd, int threads) {
  static std::map<std::pair<std::string, int>, double> kept;
  const auto found = kept.find({simd, threads});
  if (found != kept.end()) return found->second;
  const double lanes = simd == "avx512" ? 16 : simd == "avx2" ? 8 : 4;
  ThreadPool pool(threads);
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double before = processor_seconds();
    pool.parallel_for(threads, 1, {}, [&](std::int64_t, std::int64_t, int) {
      benchmark::DoNotOptimize(simd == "avx512" ? fma_loop_avx512()
                               : simd == "avx2" ? fma_loop_avx2()
                                                : fma_loop_sse4());
    });
    best =
        std::max(best, 2e-9 * lanes * kSums * kRounds * threads / (processor_seconds() - before));
  }
  return kept.emplace(std::pair(simd, threads), best).first->second;
}

Array random_array(DType dtype, Shape shape, float scale) {
  Array array(DType::float32, std::move(shape));
  fill_randomly(array.mutable_view<float>(), scale);
  return array.to(dtype);
}

/// A backend that is ready to run.
struct Bench {
  Bench(const std::string& simd, int threads)
      : workspace({.threads = threads, .simd = simd}),
        backend(make_cpu_backend(run, workspace)),
        preparer(make_cpu_preparer(workspace)) {}

  Tensor map(std::int64_t height, std::int64_t width, std::int64_t channels) {
    return backend->upload(random_array(DType::float32, {1, height, width, channels}, 1.0f));
  }
  Conv conv(std::int64_t in, std::int64_t out, bool upsample = false) {
    Conv layer{.weight = random_array(DType::float16, {out, in, 3, 3}, 0.02f),
               .bias = random_array(DType::float16, {out}, 0.1f),
               .stride = 1,
               .padding = Padding::around(1),
               .upsample = upsample,
               .prepared = nullptr};
    preparer->prepare("conv", layer);
    return layer;
  }
  Linear linear(std::int64_t in, std::int64_t out) {
    Linear layer{.weight = random_array(DType::float16, {out, in}, 0.02f),
                 .bias = random_array(DType::float16, {out}, 0.1f),
                 .prepared = nullptr};
    preparer->prepare("linear", layer);
    return layer;
  }
  GroupNorm group_norm(std::int64_t channels) {
    GroupNorm norm{.weight = random_array(DType::float16, {channels}, 1.0f),
                   .bias = random_array(DType::float16, {channels}, 1.0f),
                   .prepared = nullptr};
    preparer->prepare("norm", norm);
    return norm;
  }
  LayerNorm layer_norm(std::int64_t channels) {
    LayerNorm norm{.weight = random_array(DType::float16, {channels}, 1.0f),
                   .bias = random_array(DType::float16, {channels}, 1.0f),
                   .prepared = nullptr};
    preparer->prepare("norm", norm);
    return norm;
  }

  Run run;
  CpuWorkspace workspace;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Preparer> preparer;
};

/// Repeats an operation of that many multiply-adds that has been done once, so that its memory is
/// there.
void repeat(benchmark::State& state,
            double peak,
            double multiply_adds,
            const std::function<void()>& operation) {
  const double processor = processor_seconds();
  const Stopwatch watch;
  for (auto _ : state) operation();
  const double work = 2e-9 * multiply_adds * static_cast<double>(state.iterations());
  const double used = processor_seconds() - processor;
  state.counters["cpu_ms"] = 1e3 * used / static_cast<double>(state.iterations());
  if (work > 0) {
    state.counters["GFLOP/s"] = work / watch.seconds();
    state.counters["%peak"] = 100 * work / used / peak;
  }
}

/// Makes the inputs, then returns what is measured.
using Setup = std::function<std::function<Tensor()>(Bench&)>;

void measure(benchmark::State& state, const std::string& simd, int threads, const Setup& setup) {
  const double peak = peak_of(simd, threads);
  Bench bench(simd, threads);
  const std::function<Tensor()> operation = setup(bench);
  operation();
  repeat(state, peak, bench.run.multiply_adds, [&] { operation(); });
}

Setup conv_setup(std::int64_t channels, std::int64_t height, std::int64_t width, bool norm) {
  return [=](Bench& b) -> std::function<Tensor()> {
    const Tensor x = b.map(height, width, channels);
    const Conv conv = b.conv(channels, channels);
    if (!norm) return [=, &b] { return b.backend->conv2d(x, conv); };
    const GroupNorm group = b.group_norm(channels);
    return [=, &b] {
      return b.backend->conv2d(x, conv, {.norm = &group, .silu = true, .residual = x});
    };
  };
}

Setup linear_setup(std::int64_t tokens, std::int64_t in, std::int64_t out, bool geglu) {
  return [=](Bench& b) -> std::function<Tensor()> {
    const Tensor x = b.map(tokens, 1, in);
    const Linear linear = b.linear(in, out);
    if (!geglu) return [=, &b] { return b.backend->linear(x, linear); };
    const LayerNorm norm = b.layer_norm(in);
    return [=, &b] {
      return b.backend->linear(x, linear, {.layer_norm = &norm, .activation = Activation::geglu});
    };
  };
}

Setup attention_setup(int heads, std::int64_t tokens, std::int64_t keys, std::int64_t width) {
  return [=](Bench& b) -> std::function<Tensor()> {
    const Tensor q = b.map(tokens, 1, heads * width);
    const Tensor k = b.map(keys, 1, heads * width);
    return [=, &b] { return b.backend->attention(q, k, k, heads); };
  };
}

// Channels, height, width.
constexpr std::int64_t kConvs[][3] = {{128, 576, 768}, {256, 288, 384}, {512, 144, 192},
                                      {512, 72, 96},   {320, 72, 96},   {640, 36, 48},
                                      {1280, 18, 24},  {1280, 9, 12}};

std::string name_of(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return std::to_string(channels) + "@" + std::to_string(height) + "x" + std::to_string(width);
}

std::vector<std::pair<std::string, Setup>> operations() {
  std::vector<std::pair<std::string, Setup>> list;
  for (const auto& [channels, height, width] : kConvs) {
    const std::string name = name_of(channels, height, width);
    list.emplace_back("conv3x3/" + name, conv_setup(channels, height, width, false));
    list.emplace_back("norm_silu_conv3x3/" + name, conv_setup(channels, height, width, true));
  }
  list.emplace_back("upsample_conv3x3/512@72x96", [](Bench& b) -> std::function<Tensor()> {
    const Tensor x = b.map(72, 96, 512);
    const Conv conv = b.conv(512, 512, true);
    return [=, &b] { return b.backend->conv2d(x, conv); };
  });
  const std::int64_t linears[][3] = {{6912, 320, 2560}, {1728, 640, 5120}, {432, 1280, 10240}};
  for (const auto& [tokens, in, out] : linears) {
    const std::string name =
        std::to_string(tokens) + "x" + std::to_string(in) + "x" + std::to_string(out);
    list.emplace_back("linear/" + name, linear_setup(tokens, in, out, false));
    list.emplace_back("layer_norm_geglu/" + name, linear_setup(tokens, in, out, true));
  }
  list.emplace_back("attention/5x6912x64", attention_setup(5, 6912, 6912, 64));
  list.emplace_back("attention/10x1728x64", attention_setup(10, 1728, 1728, 64));
  list.emplace_back("attention/1x6912x512", attention_setup(1, 6912, 6912, 512));
  list.emplace_back("cross_attention/5x6912x64_2_keys", attention_setup(5, 6912, 2, 64));
  list.emplace_back("group_norm_silu/128@576x768", [](Bench& b) -> std::function<Tensor()> {
    const Tensor x = b.map(576, 768, 128);
    const GroupNorm norm = b.group_norm(128);
    return [=, &b] { return b.backend->group_norm(x, norm, true); };
  });
  return list;
}

std::string count_of(int threads) {
  return std::to_string(threads) + (threads == 1 ? "_thread" : "_threads");
}

#ifdef ONESTEP_BENCHMARK_ONEDNN
void measure_onednn(benchmark::State& state,
                    int threads,
                    std::int64_t channels,
                    std::int64_t height,
                    std::int64_t width) {
  const double peak = peak_of("avx512", threads);
  const std::function<void()> layer = onednn_winograd(channels, height, width, threads);
  if (!layer) return state.SkipWithError("this oneDNN has no Winograd convolution here");
  layer();
  repeat(state, peak, 9.0 * static_cast<double>(channels * channels * height * width), layer);
}

void register_onednn(int threads) {
  for (const auto& [channels, height, width] : kConvs) {
    const std::string name =
        "onednn_winograd/" + count_of(threads) + "/conv3x3/" + name_of(channels, height, width);
    benchmark::RegisterBenchmark(name.c_str(), measure_onednn, threads, channels, height, width)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
}
#else
void register_onednn(int /*threads*/) {}
#endif

void register_all() {
  std::vector<int> threads = {1, available_processors()};
  threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
  for (const std::string& simd : cpu_simd_targets()) {
    for (const int count : threads) {
      for (const auto& [name, setup] : operations()) {
        const std::string full = simd + "/" + count_of(count) + "/" + name;
        benchmark::RegisterBenchmark(full.c_str(), measure, simd, count, setup)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
  for (const int count : threads) register_onednn(count);
}

}  // namespace
}  // namespace onestep

int main(int argc, char** argv) {
  onestep::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
