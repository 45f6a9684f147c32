#include "onestep/backend/cpu/norm.h"

#include "onestep/backend/cpu/rounding.h"
#include "onestep/base/check.h"

#include <algorithm>
#include <cmath>

namespace onestep::cpu {
namespace {

// Slices of a map, fixed in number so that the result does not depend on the number of threads.
constexpr std::int64_t kSlices = 64;
// Floats of a piece that is read twice and so should stay in the first- or second-level cache.
constexpr std::int64_t kPieceFloats = 16384;

/// Number, mean and sum of squared deviations of some values.
struct Moments {
  double count = 0;
  double mean = 0;
  double deviation = 0;

  // Chan, Golub, LeVeque (1983).
  void merge(const Moments& other) {
    if (other.count == 0) return;
    const double total = count + other.count;
    const double difference = other.mean - mean;
    mean += difference * (other.count / total);
    deviation += other.deviation + difference * difference * (count * other.count / total);
    count = total;
  }
};

/// Adds those of the channels of `pixels` pixels to the moments of every group.
void add_channels(const float* mean,
                  const float* deviation,
                  std::int64_t pixels,
                  std::int64_t channels,
                  std::int64_t groups,
                  Moments* moments) {
  const std::int64_t size = channels / groups;
  for (std::int64_t group = 0; group < groups; ++group) {
    double sum = 0;
    double within = 0;
    for (std::int64_t c = group * size; c < (group + 1) * size; ++c) {
      sum += static_cast<double>(mean[c]);
      within += static_cast<double>(deviation[c]);
    }
    const double centre = sum / static_cast<double>(size);
    double between = 0;
    for (std::int64_t c = group * size; c < (group + 1) * size; ++c) {
      const double difference = static_cast<double>(mean[c]) - centre;
      between += difference * difference;
    }
    moments[group].merge({.count = static_cast<double>(size * pixels),
                          .mean = centre,
                          .deviation = within + between * static_cast<double>(pixels)});
  }
}

/// Moments of the groups of every part: a sample, or a slice of one.
struct GroupMoments {
  GroupMoments(std::int64_t parts, std::int64_t groups)
      : count(groups), values(static_cast<std::size_t>(parts * groups)) {}
  Moments* of(std::int64_t part) { return values.data() + part * count; }

  std::int64_t count;
  std::vector<Moments> values;  // [parts][groups]
};

/// From what was gathered while the map was written.
GroupMoments kept_moments(const MapView& x, std::int64_t groups) {
  const MapMoments& kept = *x.moments;
  GroupMoments result(x.extent.batch, groups);
  for (std::int64_t sample = 0; sample < x.extent.batch; ++sample) {
    for (std::int64_t part = 0; part < kept.parts; ++part) {
      add_channels(kept.mean(sample, part), kept.deviation(sample, part),
                   kept.pixels[static_cast<std::size_t>(part)], x.extent.channels, groups,
                   result.of(sample));
    }
  }
  return result;
}

/// From the map itself.
GroupMoments read_moments(CpuWorkspace::State& state,
                          const std::stop_token& stop,
                          const MapView& x,
                          std::int64_t groups) {
  const std::int64_t channels = x.extent.channels;
  const std::int64_t tokens = x.extent.tokens();
  const std::int64_t piece = std::max<std::int64_t>(8, kPieceFloats / x.padded());
  GroupMoments slices(x.extent.batch * kSlices, groups);
  state.pool.parallel_for(
      x.extent.batch * kSlices, 1, stop, [&](std::int64_t begin, std::int64_t end, int thread) {
        Scratch scratch = state.scratch_of(thread);
        auto* mean = scratch.take<float>(x.padded());
        auto* deviation = scratch.take<float>(x.padded());
        for (std::int64_t task = begin; task < end; ++task) {
          const std::int64_t sample = task / kSlices;
          const std::int64_t slice = task % kSlices;
          const std::int64_t last = tokens * (slice + 1) / kSlices;
          for (std::int64_t i = tokens * slice / kSlices; i < last; i += piece) {
            const std::int64_t pixels = std::min(piece, last - i);
            state.kernels.channel_moments(x.pixel(sample, i), x.pitch, pixels, x.padded(), mean,
                                          deviation);
            add_channels(mean, deviation, pixels, channels, groups, slices.of(task));
          }
        }
      });
  GroupMoments result(x.extent.batch, groups);
  for (std::int64_t slice = 0; slice < x.extent.batch * kSlices; ++slice) {
    for (std::int64_t group = 0; group < groups; ++group) {
      result.of(slice / kSlices)[group].merge(slices.of(slice)[group]);
    }
  }
  return result;
}

template <typename Norm>
const PreparedNorm& prepared_norm(const Norm& norm) {
  const auto* result = dynamic_cast<const PreparedNorm*>(norm.prepared.get());
  check(result != nullptr, "cpu: a norm was not prepared; call make_cpu_preparer first");
  return *result;
}

}  // namespace

const PreparedNorm& prepared(const GroupNorm& norm) {
  return prepared_norm(norm);
}
const PreparedNorm& prepared(const LayerNorm& norm) {
  return prepared_norm(norm);
}

AppliedNorm group_statistics(CpuWorkspace::State& state,
                             const std::stop_token& stop,
                             const MapView& x,
                             const GroupNorm& norm,
                             bool silu) {
  const PreparedNorm& parameters = prepared(norm);
  const std::int64_t groups = norm.groups;
  const std::int64_t size = x.extent.channels / groups;
  const bool kept = x.moments->parts > 0;
  GroupMoments moments = kept ? kept_moments(x, groups) : read_moments(state, stop, x, groups);
  state.channel_norm.assign(static_cast<std::size_t>(x.extent.batch * 3 * x.padded()), 0.0f);
  for (std::int64_t sample = 0; sample < x.extent.batch; ++sample) {
    float* mean = state.channel_norm.data() + sample * 3 * x.padded();
    float* gain = mean + x.padded();
    float* bias = gain + x.padded();
    for (std::int64_t group = 0; group < groups; ++group) {
      const Moments& all = moments.of(sample)[group];
      const double inverse = 1.0 / std::sqrt(all.deviation / all.count + norm.epsilon);
      for (std::int64_t c = group * size; c < (group + 1) * size; ++c) {
        const auto index = static_cast<std::size_t>(c);
        mean[c] = static_cast<float>(all.mean);
        gain[c] = static_cast<float>(inverse * static_cast<double>(parameters.gain[index]));
        bias[c] = parameters.bias[index];
      }
    }
  }
  return {.kind = AppliedNorm::Kind::per_channel,
          .silu = silu,
          .channels = state.channel_norm.data(),
          .padded = x.padded(),
          .channel_count = x.extent.channels};
}

AppliedNorm silu_alone(CpuWorkspace::State& state, const MapView& x) {
  const std::int64_t padded = x.padded();
  state.channel_norm.assign(static_cast<std::size_t>(x.extent.batch * 3 * padded), 0.0f);
  for (std::int64_t sample = 0; sample < x.extent.batch; ++sample) {
    std::fill_n(state.channel_norm.data() + (sample * 3 + 1) * padded, padded, 1.0f);
  }
  return {.kind = AppliedNorm::Kind::per_channel,
          .silu = true,
          .channels = state.channel_norm.data(),
          .padded = padded,
          .channel_count = x.extent.channels};
}

AppliedNorm layer_statistics(const LayerNorm& norm, std::int64_t channels) {
  return {.kind = AppliedNorm::Kind::per_pixel,
          .layer = &prepared(norm),
          .epsilon = norm.epsilon,
          .channel_count = channels};
}

void apply(const Kernels& kernels,
           const AppliedNorm& norm,
           std::int64_t sample,
           const NormPart& part) {
  NormaliseArgs args{.x = part.x,
                     .x_stride = part.x_stride,
                     .output = part.output,
                     .output_stride = part.output_stride,
                     .pixels = part.pixels,
                     .channels = part.channels,
                     .mean = part.mean,
                     .gain = nullptr,
                     .bias = nullptr,
                     .inverse = part.inverse,
                     .silu = norm.silu};
  if (norm.kind == AppliedNorm::Kind::per_channel) {
    args.mean = norm.channels + sample * 3 * norm.padded + part.first;
    args.gain = args.mean + norm.padded;
    args.bias = args.gain + norm.padded;
    args.inverse = nullptr;
  } else {
    args.gain = norm.layer->gain.data() + part.first;
    args.bias = norm.layer->bias.data() + part.first;
  }
  kernels.normalise(args);
}

void normalise_map(CpuWorkspace::State& state,
                   const std::stop_token& stop,
                   const MapView& x,
                   const AppliedNorm& norm,
                   const MapView& output) {
  constexpr std::int64_t kRun = 64;  // pixels
  const std::int64_t tokens = x.extent.tokens();
  const std::int64_t runs = ceil_div(tokens, kRun);
  state.pool.parallel_for(
      x.extent.batch * runs, 4, stop, [&](std::int64_t begin, std::int64_t end, int) {
        float mean[kRun];
        float inverse[kRun];
        for (std::int64_t run = begin; run < end; ++run) {
          const std::int64_t sample = run / runs;
          const std::int64_t token = run % runs * kRun;
          NormPart part{.x = x.pixel(sample, token),
                        .x_stride = x.pitch,
                        .output = output.pixel(sample, token),
                        .output_stride = output.pitch,
                        .pixels = std::min(kRun, tokens - token),
                        .first = 0,
                        .channels = x.padded(),
                        .mean = mean,
                        .inverse = inverse};
          if (norm.kind == AppliedNorm::Kind::per_pixel) {
            state.kernels.pixel_moments(part.x, part.x_stride, part.pixels, x.extent.channels,
                                        norm.epsilon, mean, inverse);
          }
          apply(state.kernels, norm, sample, part);
        }
      });
}

}  // namespace onestep::cpu
