#include "onestep/backend/cpu/cpu_backend.h"

#include "onestep/backend/cpu/attention.h"
#include "onestep/backend/cpu/norm.h"
#include "onestep/backend/cpu/products/dense.h"
#include "onestep/backend/cpu/workspace.h"

#include <algorithm>
#include <cstring>

namespace onestep {
namespace {

using cpu::MapView;
using cpu::view;

constexpr std::int64_t kPixelsAtOnce = 256;

class CpuBackend final : public Backend {
 public:
  CpuBackend(Run& run, CpuWorkspace& workspace) : Backend(run), state_(workspace.state()) {}

 private:
  Tensor make(const Extent& extent) {
    check(extent.channels <= cpu::kMostChannels, "cpu: a map of ", extent.channels,
          " channels; at most ", cpu::kMostChannels, " are supported");
    return cpu::make_tensor(state_.arena, extent);
  }

  /// body(first, last) for runs of pixels of a map.
  template <typename Body>
  void for_pixels(std::int64_t pixels, const Body& body) {
    state_.pool.parallel_for(pixels, kPixelsAtOnce, run().stop,
                             [&](std::int64_t begin, std::int64_t end, int) { body(begin, end); });
  }

  Tensor do_upload(const Array& array, const Extent& extent) override {
    const Array full = array.to(DType::float32);
    Tensor result = make(extent);
    const MapView map = view(result);
    const auto* source = reinterpret_cast<const float*>(full.data());
    for (std::int64_t i = 0; i < map.pixels(); ++i) {
      float* pixel = map.pixel(0, i);
      std::memcpy(pixel, source + i * extent.channels,
                  static_cast<std::size_t>(extent.channels) * sizeof(float));
      std::fill(pixel + extent.channels, pixel + map.padded(), 0.0f);
    }
    return result;
  }

  Array do_download(const Tensor& x) override {
    const MapView map = view(x);
    Array result(DType::float32, {x.batch(), x.height(), x.width(), x.channels()});
    float* target = result.mutable_view<float>().data();
    for (std::int64_t i = 0; i < map.pixels(); ++i) {
      std::memcpy(target + i * x.channels(), map.pixel(0, i),
                  static_cast<std::size_t>(x.channels()) * sizeof(float));
    }
    return result;
  }

  Tensor do_conv2d(const Tensor& x,
                   const Conv& conv,
                   const ConvOptions& options,
                   const Extent& output) override {
    Tensor result = make(output);
    cpu::convolve(state_, run().stop, view(x), conv, options, view(result));
    return result;
  }

  Tensor do_linear(const Tensor& x,
                   const Linear& linear,
                   const LinearOptions& options,
                   const Extent& output) override {
    Tensor result = make(output);
    cpu::transform(state_, run().stop, view(x), linear, options, view(result));
    return result;
  }

  Tensor do_attention(
      const Tensor& q, const Tensor& k, const Tensor& v, int heads, bool causal) override {
    Tensor result = make(q.extent());
    cpu::attend(state_, run().stop, view(q), view(k), view(v), heads, causal, view(result));
    return result;
  }

  Tensor do_group_norm(const Tensor& x, const GroupNorm& norm, bool silu) override {
    Tensor result = make(x.extent());
    const auto applied = cpu::group_statistics(state_, run().stop, view(x), norm, silu);
    cpu::normalise_map(state_, run().stop, view(x), applied, view(result));
    return result;
  }

  Tensor do_layer_norm(const Tensor& x, const LayerNorm& norm) override {
    Tensor result = make(x.extent());
    const auto applied = cpu::layer_statistics(norm, x.channels());
    cpu::normalise_map(state_, run().stop, view(x), applied, view(result));
    return result;
  }

  Tensor do_activate(const Tensor& x, Activation activation) override {
    Tensor result = make(x.extent());
    const MapView from = view(x);
    const MapView to = view(result);
    for_pixels(from.pixels(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        state_.kernels.activate(from.pixel(0, i), to.pixel(0, i), from.padded(), activation);
      }
    });
    return result;
  }

  Tensor do_concat_channels(const Tensor& a, const Tensor& b, const Extent& output) override {
    Tensor result = make(output);
    const MapView first = view(a);
    const MapView second = view(b);
    const MapView to = view(result);
    for_pixels(to.pixels(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        float* target = std::copy_n(first.pixel(0, i), a.channels(), to.pixel(0, i));
        target = std::copy_n(second.pixel(0, i), b.channels(), target);
        std::fill(target, to.pixel(0, i) + to.padded(), 0.0f);
      }
    });
    return result;
  }

  Tensor do_add(const Tensor& a, const Tensor& b) override {
    Tensor result = make(a.extent());
    const MapView first = view(a);
    const MapView second = view(b);
    const MapView to = view(result);
    for_pixels(to.pixels(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        state_.kernels.add(first.pixel(0, i), second.pixel(0, i), to.pixel(0, i), to.padded());
      }
    });
    return result;
  }

  CpuWorkspace::State& state_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(Run& run, CpuWorkspace& workspace) {
  return std::make_unique<CpuBackend>(run, workspace);
}

}  // namespace onestep
