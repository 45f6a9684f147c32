#include "onestep/backend/torch/group_norm.h"

#include "onestep/backend/torch/norm_rows.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace onestep {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Note [Long rows]
// A picture of C channels is taken as rows of as many whole pixels as make kRow values: sums over
// pixels go into one place of a row each, which are independent of each other (vectors) and short
// (rounding), and only then into channels, in double.
constexpr std::size_t kRow = 1024;

/// One picture [pixels, channels] and what belongs to its channels, repeated to a row.
template <typename T>
class PictureNorm {
 public:
  PictureNorm(const GroupNormCall& call, std::int64_t pixels)
      : channels_(static_cast<std::size_t>(call.weight.numel())),
        groups_(static_cast<std::size_t>(call.groups)),
        values_(static_cast<std::size_t>(pixels) * channels_),
        row_(std::max<std::size_t>(1, kRow / channels_) * channels_),
        members_(static_cast<double>(values_) / static_cast<double>(groups_)),
        weight_(call.weight.const_data_ptr<T>()),
        bias_(call.bias.const_data_ptr<T>()),
        epsilon_(call.epsilon),
        silu_(call.silu),
        mean_(row_),
        factor_(row_),
        offset_(row_) {}

  /// Of this picture: mean and 1 / deviation of each group.
  void measure(const T* x, T* mean, T* inverse) {
    std::vector<T> sum(row_);
    for_rows([&](std::size_t i, std::size_t count) { add_row(x + i, count, sum.data()); });
    const std::vector<double> sums = of_groups(of_channels(sum));
    for (std::size_t g = 0; g < groups_; ++g) mean[g] = static_cast<T>(sums[g] / members_);
    repeat(mean_, [&](std::size_t c) { return mean[group_of(c)]; });
    std::fill(sum.begin(), sum.end(), T{0});
    for_rows([&](std::size_t i, std::size_t count) {
      add_row_of_squares(x + i, mean_.data(), count, sum.data());
    });
    const std::vector<double> squares = of_groups(of_channels(sum));
    for (std::size_t g = 0; g < groups_; ++g) {
      inverse[g] = static_cast<T>(1 / std::sqrt(squares[g] / members_ + epsilon_));
    }
  }

  void normalise(const T* x, const T* mean, const T* inverse, T* y) {
    prepare(mean, inverse);
    for_rows([&](std::size_t i, std::size_t count) { normed_row(row(x + i, count), y + i); });
  }

  /// dx, and this picture's share of the gradients of weight and bias [C].
  void differentiate(const T* x,
                     const T* mean,
                     const T* inverse,
                     const T* dy,
                     T* dx,
                     double* weight_gradient,
                     double* bias_gradient) {
    prepare(mean, inverse);
    std::vector<T> sum(row_);
    std::vector<T> product(row_);
    for_rows([&](std::size_t i, std::size_t count) {
      add_gradient_row(row(x + i, count), dy + i, dx + i, sum.data(), product.data());
    });
    std::vector<double> sums = of_channels(sum);
    std::vector<double> products = of_channels(product);
    for (std::size_t c = 0; c < channels_; ++c) {
      products[c] *= static_cast<double>(inverse[group_of(c)]);
      weight_gradient[c] = products[c];
      bias_gradient[c] = sums[c];
      sums[c] *= static_cast<double>(weight_[c]);
      products[c] *= static_cast<double>(weight_[c]);
    }
    finish(x, inverse, of_groups(sums), of_groups(products), dx);
  }

 private:
  std::size_t group_of(std::size_t channel) const { return channel / (channels_ / groups_); }

  template <typename Body>
  void for_rows(const Body& body) const {
    for (std::size_t i = 0; i < values_; i += row_) body(i, std::min(row_, values_ - i));
  }

  /// Sums of a row's places, for each channel.
  std::vector<double> of_channels(const std::vector<T>& places) const {
    std::vector<double> sums(channels_);
    for (std::size_t i = 0; i < row_; i += channels_) {
      for (std::size_t c = 0; c < channels_; ++c) sums[c] += static_cast<double>(places[i + c]);
    }
    return sums;
  }

  std::vector<double> of_groups(const std::vector<double>& of_channels) const {
    std::vector<double> sums(groups_);
    for (std::size_t c = 0; c < channels_; ++c) sums[group_of(c)] += of_channels[c];
    return sums;
  }

  template <typename Value>
  void repeat(std::vector<T>& places, const Value& value) const {
    for (std::size_t c = 0; c < channels_; ++c) places[c] = static_cast<T>(value(c));
    for (std::size_t i = channels_; i < row_; ++i) places[i] = places[i - channels_];
  }

  void prepare(const T* mean, const T* inverse) {
    repeat(mean_, [&](std::size_t c) { return mean[group_of(c)]; });
    repeat(factor_, [&](std::size_t c) { return inverse[group_of(c)] * weight_[c]; });
    repeat(offset_, [&](std::size_t c) { return bias_[c]; });
  }

  NormedRow<T> row(const T* x, std::size_t count) const {
    return {x, mean_.data(), factor_.data(), offset_.data(), count, silu_};
  }

  /// dx = inverse (weight dz - mean of that - normalised x times the mean of that times x).
  void finish(const T* x,
              const T* inverse,
              const std::vector<double>& sums,
              const std::vector<double>& products,
              T* dx) {
    std::vector<T> slope(row_);
    repeat(slope, [&](std::size_t c) {
      const auto scale = static_cast<double>(inverse[group_of(c)]);
      return -scale * scale * products[group_of(c)] / members_;
    });
    repeat(offset_, [&](std::size_t c) {
      return -static_cast<double>(inverse[group_of(c)]) * sums[group_of(c)] / members_;
    });
    for_rows([&](std::size_t i, std::size_t count) {
      finish_gradient_row(
          {x + i, mean_.data(), factor_.data(), slope.data(), offset_.data(), count}, dx + i);
    });
  }

  std::size_t channels_;
  std::size_t groups_;
  std::size_t values_;
  std::size_t row_;
  double members_;  // of a group
  const T* weight_;
  const T* bias_;
  double epsilon_;
  bool silu_;
  std::vector<T> mean_;
  std::vector<T> factor_;
  std::vector<T> offset_;
};

/// body(picture's number, its PictureNorm, its first value's place) for every picture.
template <typename T, typename Body>
void for_pictures(const at::Tensor& x, const GroupNormCall& call, const Body& body) {
  const std::int64_t values = x.numel() / std::max<std::int64_t>(1, x.size(0));
  at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    PictureNorm<T> norm(call, values / x.size(3));
    for (std::int64_t i = begin; i < end; ++i) body(i, norm, i * values);
  });
}

template <typename T>
void compute(const at::Tensor& x, const GroupNormCall& call, variable_list& results) {
  T* y = results[0].mutable_data_ptr<T>();
  T* mean = results[1].mutable_data_ptr<T>();
  T* inverse = results[2].mutable_data_ptr<T>();
  const T* from = x.const_data_ptr<T>();
  for_pictures<T>(x, call, [&](std::int64_t i, PictureNorm<T>& norm, std::int64_t at) {
    T* const m = mean + i * call.groups;
    T* const s = inverse + i * call.groups;
    norm.measure(from + at, m, s);
    norm.normalise(from + at, m, s, y + at);
  });
}

/// x, mean, inverse and dy; dx, and per picture the gradients of weight and bias in double.
template <typename T>
void compute_gradients(const variable_list& given,
                       const GroupNormCall& call,
                       const variable_list& results) {
  for_pictures<T>(given[0], call, [&](std::int64_t i, PictureNorm<T>& norm, std::int64_t at) {
    const std::int64_t channels = given[0].size(3);
    norm.differentiate(
        given[0].const_data_ptr<T>() + at, given[1].const_data_ptr<T>() + i * call.groups,
        given[2].const_data_ptr<T>() + i * call.groups, given[3].const_data_ptr<T>() + at,
        results[0].mutable_data_ptr<T>() + at, results[1].mutable_data_ptr<double>() + i * channels,
        results[2].mutable_data_ptr<double>() + i * channels);
  });
}

class PixelGroupNorm final : public torch::autograd::Function<PixelGroupNorm> {
 public:
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x,
                            const at::Tensor& weight,
                            const at::Tensor& bias,
                            std::int64_t groups,
                            double epsilon,
                            bool silu) {
    const GroupNormCall call{weight, bias, groups, epsilon, silu};
    variable_list results = {at::empty(x.sizes(), x.options()),
                             at::empty({x.size(0), groups}, x.options()),
                             at::empty({x.size(0), groups}, x.options())};
    if (x.is_cpu()) {
      x.scalar_type() == at::kDouble ? compute<double>(x, call, results)
                                     : compute<float>(x, call, results);
    }
    context->save_for_backward({x, results[1], results[2], weight, bias});
    context->saved_data["groups"] = groups;
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["silu"] = silu;
    return results[0];
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const GroupNormCall call{saved[3], saved[4], context->saved_data["groups"].toInt(),
                             context->saved_data["epsilon"].toDouble(),
                             context->saved_data["silu"].toBool()};
    const variable_list given = {x, saved[1], saved[2], gradients[0].contiguous()};
    const auto doubles = x.options().dtype(at::kDouble);
    const variable_list results = {at::empty(x.sizes(), x.options()),
                                   at::empty({x.size(0), x.size(3)}, doubles),
                                   at::empty({x.size(0), x.size(3)}, doubles)};
    if (x.is_cpu()) {
      x.scalar_type() == at::kDouble ? compute_gradients<double>(given, call, results)
                                     : compute_gradients<float>(given, call, results);
    }
    const auto of_parameter = [&](std::size_t i) {
      return context->needs_input_grad(i) ? results[i].sum(0).to(x.scalar_type()) : at::Tensor();
    };
    return {results[0], of_parameter(1), of_parameter(2), {}, {}, {}};
  }
};

}  // namespace

at::Tensor group_norm_of_pixels(const at::Tensor& x, const GroupNormCall& call) {
  return PixelGroupNorm::apply(x.contiguous(), call.weight, call.bias, call.groups, call.epsilon,
                               call.silu);
}

}  // namespace onestep
