#pragma once

#include "onestep/backend/cpu/aligned_buffer.h"
#include "onestep/backend/cpu/arena.h"
#include "onestep/backend/cpu/cpu_backend.h"
#include "onestep/backend/cpu/kernels/kernels.h"
#include "onestep/base/check.h"
#include "onestep/base/thread_pool.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace onestep::cpu {

/// Bytes of scratch of each thread; drivers size their blocks so that they fit.
inline constexpr std::int64_t kThreadScratch = std::int64_t{10} << 20;  // 10 MiB
/// Most channels of a map: as long is the row of zeros that stands for padding.
inline constexpr std::int64_t kMostChannels = 65536;

/// Hands out pieces of a thread's scratch, from the start, for the time of one task.
class Scratch {
 public:
  explicit Scratch(AlignedBuffer& buffer) : at_(buffer.data()), left_(buffer.bytes()) {}

  template <typename T>
  T* take(std::int64_t count) {
    const std::int64_t bytes = (count * static_cast<std::int64_t>(sizeof(T)) + 63) / 64 * 64;
    check(bytes <= left_, "cpu: an operation needs more scratch than ", kThreadScratch >> 10,
          " KiB per thread; the layer is too wide");
    T* result = reinterpret_cast<T*>(at_);
    at_ += bytes;
    left_ -= bytes;
    return result;
  }

 private:
  std::byte* at_;
  std::int64_t left_;
};

}  // namespace onestep::cpu

namespace onestep {

struct CpuWorkspace::State {
  explicit State(const CpuOptions& options);

  /// Of a thread of the pool, whole.
  cpu::Scratch scratch_of(int thread) {
    return cpu::Scratch(scratch[static_cast<std::size_t>(thread)]);
  }
  /// kMostChannels zeros.
  const float* zero_floats() const { return reinterpret_cast<const float*>(zeros.data()); }
  /// At least that many floats, uninitialised, until the next call.
  float* transformed_floats(std::int64_t count) {
    const std::int64_t bytes = count * static_cast<std::int64_t>(sizeof(float));
    if (transformed.bytes() < bytes) transformed = cpu::AlignedBuffer(bytes);
    return reinterpret_cast<float*>(transformed.data());
  }

  std::string simd;
  cpu::Kernels kernels{};
  ConvAlgorithm conv_algorithm;
  ThreadPool pool;
  std::shared_ptr<cpu::Arena> arena;
  std::vector<cpu::AlignedBuffer> scratch;  // one per thread
  cpu::AlignedBuffer zeros;                 // kMostChannels floats
  cpu::AlignedBuffer transformed;           // filters or patches of convolutions in tiles

  // Small tables of the operation that runs, kept because they would be allocated again and again.
  std::vector<float> start;         // [B][columns]: bias + channel_add
  std::vector<float> channel_norm;  // [B][3][channels]: mean, gain, bias
};

}  // namespace onestep
