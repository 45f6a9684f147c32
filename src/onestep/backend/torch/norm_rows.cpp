#include "onestep/backend/torch/norm_rows.h"

#include <bit>
#include <cmath>
#include <cstdint>

// One version of each loop for every width of vectors; the loader picks.
#define ONESTEP_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))

namespace onestep {
namespace {

// Loops are written once for both types and compiled into every version.
#define ONESTEP_INLINE [[gnu::always_inline]] inline

/// 1 / (1 + exp(-z)). exp by Cephes' polynomial (Moshier 1992), 2 units in the last place, without
/// branches, so that a loop over it becomes vectors.
ONESTEP_INLINE float sigmoid(float z) {
  constexpr float kFarthest = 87.0F;
  float t = -z;
  t = t > kFarthest ? kFarthest : t;  // NaN stays
  t = t < -kFarthest ? -kFarthest : t;
  constexpr float kRounds = 12582912.0F;  // 1.5 * 2^23: adding it leaves whole numbers
  const float n = (t * 1.44269504F + kRounds) - kRounds;
  const float r = (t - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = static_cast<std::int32_t>(n);
  return 1.0F / (1.0F + p * std::bit_cast<float>((exponent + 127) << 23));
}

ONESTEP_INLINE double sigmoid(double z) {
  return 1.0 / (1.0 + std::exp(-z));
}

template <typename T>
ONESTEP_INLINE void add(const T* __restrict x, std::size_t count, T* __restrict sum) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += x[i];
}

template <typename T>
ONESTEP_INLINE void add_squares(const T* __restrict x,
                                const T* __restrict mean,
                                std::size_t count,
                                T* __restrict sum) {
  for (std::size_t i = 0; i < count; ++i) sum[i] += (x[i] - mean[i]) * (x[i] - mean[i]);
}

template <typename T>
ONESTEP_INLINE void norm(const NormedRow<T>& row, T* __restrict y) {
  const T* __restrict x = row.x;
  const T* __restrict mean = row.mean;
  const T* __restrict factor = row.factor;
  const T* __restrict offset = row.offset;
  const std::size_t count = row.count;
  if (!row.silu) {
    for (std::size_t i = 0; i < count; ++i) y[i] = (x[i] - mean[i]) * factor[i] + offset[i];
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const T z = (x[i] - mean[i]) * factor[i] + offset[i];
    y[i] = z * sigmoid(z);
  }
}

template <typename T>
ONESTEP_INLINE void add_gradient(const NormedRow<T>& row,
                                 const T* __restrict dy,
                                 T* __restrict dz,
                                 T* __restrict sum,
                                 T* __restrict product) {
  const T* __restrict x = row.x;
  const T* __restrict mean = row.mean;
  const T* __restrict factor = row.factor;
  const T* __restrict offset = row.offset;
  const std::size_t count = row.count;
  if (!row.silu) {
    for (std::size_t i = 0; i < count; ++i) {
      dz[i] = dy[i];
      sum[i] += dy[i];
      product[i] += dy[i] * (x[i] - mean[i]);
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const T centred = x[i] - mean[i];
    const T z = centred * factor[i] + offset[i];
    const T s = sigmoid(z);
    const T gradient = dy[i] * s * (1 + z * (1 - s));
    dz[i] = gradient;
    sum[i] += gradient;
    product[i] += gradient * centred;
  }
}

template <typename T>
ONESTEP_INLINE void finish(const GradientRow<T>& row, T* __restrict dx) {
  const T* __restrict x = row.x;
  const T* __restrict mean = row.mean;
  const T* __restrict factor = row.factor;
  const T* __restrict slope = row.slope;
  const T* __restrict offset = row.offset;
  const std::size_t count = row.count;
  for (std::size_t i = 0; i < count; ++i) {
    dx[i] = dx[i] * factor[i] + (x[i] - mean[i]) * slope[i] + offset[i];
  }
}

}  // namespace

ONESTEP_WIDEST void add_row(const float* x, std::size_t count, float* sum) {
  add(x, count, sum);
}
void add_row(const double* x, std::size_t count, double* sum) {
  add(x, count, sum);
}

ONESTEP_WIDEST void add_row_of_squares(const float* x,
                                       const float* mean,
                                       std::size_t count,
                                       float* sum) {
  add_squares(x, mean, count, sum);
}
void add_row_of_squares(const double* x, const double* mean, std::size_t count, double* sum) {
  add_squares(x, mean, count, sum);
}

ONESTEP_WIDEST void normed_row(const NormedRow<float>& row, float* y) {
  norm(row, y);
}
void normed_row(const NormedRow<double>& row, double* y) {
  norm(row, y);
}

ONESTEP_WIDEST void add_gradient_row(
    const NormedRow<float>& row, const float* dy, float* dz, float* sum, float* product) {
  add_gradient(row, dy, dz, sum, product);
}
void add_gradient_row(
    const NormedRow<double>& row, const double* dy, double* dz, double* sum, double* product) {
  add_gradient(row, dy, dz, sum, product);
}

ONESTEP_WIDEST void finish_gradient_row(const GradientRow<float>& row, float* dx) {
  finish(row, dx);
}
void finish_gradient_row(const GradientRow<double>& row, double* dx) {
  finish(row, dx);
}

}  // namespace onestep
