#pragma once

#include <cstddef>

namespace onestep {

// Loops over `count` values of a map in memory order. What belongs to a channel (offset, factor) is
// an array as long as the row, in which the channels repeat. float runs on the widest vectors that
// the processor has; the order of sums does not depend on them.

/// sum[i] += x[i]
void add_row(const float* x, std::size_t count, float* sum);
void add_row(const double* x, std::size_t count, double* sum);

/// sum[i] += (x[i] - mean[i])^2
void add_row_of_squares(const float* x, const float* mean, std::size_t count, float* sum);
void add_row_of_squares(const double* x, const double* mean, std::size_t count, double* sum);

/// z = (x[i] - mean[i]) factor[i] + offset[i]; y[i] = z, or z sigmoid(z).
template <typename T>
struct NormedRow {
  const T* x;
  const T* mean;
  const T* factor;
  const T* offset;
  std::size_t count;
  bool silu;
};
void normed_row(const NormedRow<float>& row, float* y);
void normed_row(const NormedRow<double>& row, double* y);

/// dz[i] = dy[i] dy/dz, sum[i] += dz[i], product[i] += dz[i] (x[i] - mean[i]).
void add_gradient_row(
    const NormedRow<float>& row, const float* dy, float* dz, float* sum, float* product);
void add_gradient_row(
    const NormedRow<double>& row, const double* dy, double* dz, double* sum, double* product);

/// dx[i] = dx[i] factor[i] + (x[i] - mean[i]) slope[i] + offset[i].
template <typename T>
struct GradientRow {
  const T* x;
  const T* mean;
  const T* factor;
  const T* slope;
  const T* offset;
  std::size_t count;
};
void finish_gradient_row(const GradientRow<float>& row, float* dx);
void finish_gradient_row(const GradientRow<double>& row, double* dx);

}  // namespace onestep
