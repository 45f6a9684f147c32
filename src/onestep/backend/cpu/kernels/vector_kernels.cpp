// Norms, activations and softmax. Compiled once per instruction set; see gemm_kernels.cpp on what
// must stay out of the part between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE.
#include "onestep/backend/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "onestep/backend/cpu/kernels/vector_kernels.cpp"
// The order matters here.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include "onestep/backend/cpu/kernels/math-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace onestep::cpu::HWY_NAMESPACE {
namespace vector {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr D d;
constexpr std::int64_t kLanes = HWY_MAX_BYTES / 4;

template <Activation kActivation>
HWY_INLINE V apply(V x) {
  if constexpr (kActivation == Activation::silu) return swish(d, x, 1.0f);
  if constexpr (kActivation == Activation::gelu) return gelu(d, x);
  if constexpr (kActivation == Activation::quick_gelu) return swish(d, x, 1.702f);
  return x;
}

template <Activation kActivation>
void finish_rows(const FinishArgs& args) {
  for (std::int64_t row = 0; row < args.rows; ++row) {
    float* HWY_RESTRICT c = args.c[row] + args.column;
    if (args.residual == nullptr) {
      for (std::int64_t i = 0; i < args.columns; i += kLanes) {
        hn::StoreU(apply<kActivation>(hn::LoadU(d, c + i)), d, c + i);
      }
      continue;
    }
    const float* HWY_RESTRICT residual = args.residual[row] + args.column;
    for (std::int64_t i = 0; i < args.columns; i += kLanes) {
      const V value = apply<kActivation>(hn::LoadU(d, c + i));
      hn::StoreU(hn::Add(value, hn::LoadU(d, residual + i)), d, c + i);
    }
  }
}

void finish(const FinishArgs& args) {
  switch (args.activation) {
    case Activation::silu:
      return finish_rows<Activation::silu>(args);
    case Activation::gelu:
      return finish_rows<Activation::gelu>(args);
    case Activation::quick_gelu:
      return finish_rows<Activation::quick_gelu>(args);
    default:
      return finish_rows<Activation::none>(args);
  }
}

/// The first `count` lanes of value (all for count >= lanes, none for count <= 0), zero in others.
HWY_INLINE V first(V value, std::int64_t count) {
  if (count >= kLanes) return value;
  return hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(count > 0 ? count : 0)), value);
}

void geglu(const GegluArgs& args) {
  const std::int64_t padded = (args.columns + kChannelStep - 1) / kChannelStep * kChannelStep;
  for (std::int64_t row = 0; row < args.rows; ++row) {
    const float* HWY_RESTRICT a = args.partial + row * args.stride;
    const float* HWY_RESTRICT g = a + args.gate;
    float* HWY_RESTRICT output = args.output[row] + args.column;
    const float* residual = args.residual == nullptr ? nullptr : args.residual[row] + args.column;
    for (std::int64_t i = 0; i < padded; i += kLanes) {
      V value = hn::Mul(hn::LoadU(d, a + i), gelu(d, hn::LoadU(d, g + i)));
      if (residual != nullptr) value = hn::Add(value, hn::LoadU(d, residual + i));
      hn::StoreU(first(value, args.columns - i), d, output + i);
    }
  }
}

constexpr std::int64_t kPixelsAhead = 8;

// The mean is subtracted before the product: folding it into the bias would cancel where the
// variance is small beside the mean (gain 1000, say).
template <bool kSilu, bool kPerPixel>
void normalise_as(const NormaliseArgs& args) {
  for (std::int64_t pixel = 0; pixel < args.pixels; ++pixel) {
    const float* HWY_RESTRICT x = args.x + pixel * args.x_stride;
    float* HWY_RESTRICT output = args.output + pixel * args.output_stride;
    V mean = hn::Zero(d);
    V inverse = hn::Zero(d);
    if constexpr (kPerPixel) {
      mean = hn::Set(d, args.mean[pixel]);
      inverse = hn::Set(d, args.inverse[pixel]);
    }
    for (std::int64_t i = 0; i < args.channels; i += kLanes) {
      // A part of every pixel is a pattern that the processor does not foresee.
      hwy::Prefetch(x + kPixelsAhead * args.x_stride + i);
      V value = hn::LoadU(d, x + i);
      if constexpr (kPerPixel) {
        value = hn::Mul(hn::Sub(value, mean), inverse);
      } else {
        value = hn::Sub(value, hn::LoadU(d, args.mean + i));
      }
      value = hn::MulAdd(value, hn::LoadU(d, args.gain + i), hn::LoadU(d, args.bias + i));
      if constexpr (kSilu) value = swish(d, value, 1.0f);
      hn::StoreU(value, d, output + i);
    }
  }
}

void normalise(const NormaliseArgs& args) {
  if (args.inverse != nullptr) {
    return args.silu ? normalise_as<true, true>(args) : normalise_as<false, true>(args);
  }
  return args.silu ? normalise_as<true, false>(args) : normalise_as<false, false>(args);
}

void channel_moments(const float* x,
                     std::int64_t stride,
                     std::int64_t pixels,
                     std::int64_t channels,
                     float* HWY_RESTRICT mean,
                     float* HWY_RESTRICT deviation) {
  const V scale = hn::Set(d, 1.0f / static_cast<float>(pixels));
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    V even = hn::Zero(d);
    V odd = hn::Zero(d);
    std::int64_t pixel = 0;
    for (; pixel + 1 < pixels; pixel += 2) {
      even = hn::Add(even, hn::LoadU(d, x + pixel * stride + c));
      odd = hn::Add(odd, hn::LoadU(d, x + (pixel + 1) * stride + c));
    }
    if (pixel < pixels) even = hn::Add(even, hn::LoadU(d, x + pixel * stride + c));
    const V centre = hn::Mul(hn::Add(even, odd), scale);
    even = hn::Zero(d);
    odd = hn::Zero(d);
    for (pixel = 0; pixel + 1 < pixels; pixel += 2) {
      const V e = hn::Sub(hn::LoadU(d, x + pixel * stride + c), centre);
      const V o = hn::Sub(hn::LoadU(d, x + (pixel + 1) * stride + c), centre);
      even = hn::MulAdd(e, e, even);
      odd = hn::MulAdd(o, o, odd);
    }
    if (pixel < pixels) {
      const V e = hn::Sub(hn::LoadU(d, x + pixel * stride + c), centre);
      even = hn::MulAdd(e, e, even);
    }
    hn::StoreU(centre, d, mean + c);
    hn::StoreU(hn::Add(even, odd), d, deviation + c);
  }
}

/// Sum of the lanes in double precision.
HWY_INLINE double lane_sum(V value) {
  HWY_ALIGN float lanes[kLanes];
  hn::Store(value, d, lanes);
  double sum = 0;
  for (std::int64_t i = 0; i < kLanes; ++i) sum += static_cast<double>(lanes[i]);
  return sum;
}

void pixel_moments(const float* x,
                   std::int64_t stride,
                   std::int64_t pixels,
                   std::int64_t channels,
                   double epsilon,
                   float* HWY_RESTRICT mean,
                   float* HWY_RESTRICT inverse) {
  const double count = static_cast<double>(channels);
  for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
    const float* HWY_RESTRICT row = x + pixel * stride;
    V sum = hn::Zero(d);
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      sum = hn::Add(sum, first(hn::LoadU(d, row + c), channels - c));
    }
    mean[pixel] = static_cast<float>(lane_sum(sum) / count);
    const V centre = hn::Set(d, mean[pixel]);
    sum = hn::Zero(d);
    for (std::int64_t c = 0; c < channels; c += kLanes) {
      const V difference = first(hn::Sub(hn::LoadU(d, row + c), centre), channels - c);
      sum = hn::MulAdd(difference, difference, sum);
    }
    inverse[pixel] = static_cast<float>(1.0 / __builtin_sqrt(lane_sum(sum) / count + epsilon));
  }
}

template <Activation kActivation>
void activate_as(const float* x, float* HWY_RESTRICT output, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += kLanes) {
    hn::StoreU(apply<kActivation>(hn::LoadU(d, x + i)), d, output + i);
  }
}

void activate(const float* x, float* output, std::int64_t count, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return activate_as<Activation::silu>(x, output, count);
    case Activation::gelu:
      return activate_as<Activation::gelu>(x, output, count);
    case Activation::quick_gelu:
      return activate_as<Activation::quick_gelu>(x, output, count);
    default:
      return activate_as<Activation::none>(x, output, count);
  }
}

void add(const float* a, const float* b, float* HWY_RESTRICT output, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += kLanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, output + i);
  }
}

// Queries lie side by side in the lanes, so that no step crosses lanes. A few vectors are done
// together so that the scores of a block of keys are read from the second-level cache once.
template <int kVectors>
HWY_INLINE void softmax_columns(const SoftmaxArgs& args, std::int64_t q) {
  float* HWY_RESTRICT scores = args.scores + q;
  V before[kVectors];
  V maximum[kVectors];
  V sum[kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) {
    before[j] = maximum[j] = hn::LoadU(d, args.maximum + q + j * kLanes);
    sum[j] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < args.keys; ++k) {
    const float* row = scores + k * args.queries;
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      maximum[j] = hn::Max(maximum[j], hn::LoadU(d, row + j * kLanes));
    }
  }
  for (std::int64_t k = 0; k < args.keys; ++k) {
    float* row = scores + k * args.queries;
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      const V p = exp_clamped(d, hn::Sub(hn::LoadU(d, row + j * kLanes), maximum[j]));
      sum[j] = hn::Add(sum[j], p);
      hn::StoreU(p, d, row + j * kLanes);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) {
    const std::int64_t at = q + j * kLanes;
    const V correction = exp_clamped(d, hn::Sub(before[j], maximum[j]));
    hn::StoreU(maximum[j], d, args.maximum + at);
    hn::StoreU(correction, d, args.correction + at);
    hn::StoreU(hn::MulAdd(hn::LoadU(d, args.sum + at), correction, sum[j]), d, args.sum + at);
  }
}

void softmax(const SoftmaxArgs& args) {
  std::int64_t q = 0;
  for (; q + 4 * kLanes <= args.queries; q += 4 * kLanes) softmax_columns<4>(args, q);
  for (; q < args.queries; q += kLanes) softmax_columns<1>(args, q);
}

}  // namespace vector

void add_vectors(Kernels& kernels) {
  kernels.finish = vector::finish;
  kernels.geglu = vector::geglu;
  kernels.normalise = vector::normalise;
  kernels.channel_moments = vector::channel_moments;
  kernels.pixel_moments = vector::pixel_moments;
  kernels.activate = vector::activate;
  kernels.add = vector::add;
  kernels.softmax = vector::softmax;
}

}  // namespace onestep::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace onestep::cpu {

void add_vector_kernels(SimdTarget target, Kernels& kernels) {
  switch (target) {
    case SimdTarget::avx512:
      return N_AVX3::add_vectors(kernels);
    case SimdTarget::avx2:
      return N_AVX2::add_vectors(kernels);
    case SimdTarget::sse4:
      return N_SSE4::add_vectors(kernels);
  }
}

}  // namespace onestep::cpu
#endif
