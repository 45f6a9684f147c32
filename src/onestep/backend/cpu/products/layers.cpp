// From the backend's layers and options to the indirect matrix product.
#include "onestep/backend/cpu/products/dense.h"
#include "onestep/backend/cpu/products/tiles.h"
#include "onestep/base/check.h"

#include <algorithm>

namespace onestep::cpu {
namespace {

const PreparedDense& prepared_dense(const std::shared_ptr<const Prepared>& prepared,
                                    const CpuWorkspace::State& state) {
  const auto* dense = dynamic_cast<const PreparedDense*>(prepared.get());
  check(dense != nullptr, "cpu: a layer was not prepared; call make_cpu_preparer first");
  check(dense->simd == state.simd, "cpu: a layer was prepared for ", dense->simd,
        " and this workspace runs ", state.simd,
        "; prepare the network with the same instruction set");
  return *dense;
}

/// The convolution as it is written: one grid, a tap per kernel element.
Grid direct_grid(const MapView& x,
                 const Conv& conv,
                 const ConvOptions& options,
                 const MapView& output) {
  Grid grid;
  for (std::int64_t ky = 0; ky < conv.kernel_height(); ++ky) {
    for (std::int64_t kx = 0; kx < conv.kernel_width(); ++kx) {
      grid.taps.push_back({ky - conv.padding.top, kx - conv.padding.left});
    }
  }
  grid.shift = conv.upsample ? 1 : 0;
  const MapSize doubled{x.extent.height << grid.shift, x.extent.width << grid.shift};
  const MapSize size = options.output_size.value_or(doubled);
  grid.height = conv.upsample ? size.height : doubled.height;
  grid.width = conv.upsample ? size.width : doubled.width;
  grid.stride = conv.stride;
  grid.rows = output.extent.height;
  grid.columns = output.extent.width;
  return grid;
}

/// bias + channel_add per sample, in state.start.
void set_start(CpuWorkspace::State& state,
               const PreparedDense& dense,
               const Tensor& channel_add,
               std::int64_t batch,
               DenseArgs& args) {
  args.start = dense.bias.data();
  if (!channel_add) return;
  const MapView added = view(channel_add);
  const std::int64_t columns = dense.direct.padded;
  state.start.resize(static_cast<std::size_t>(batch * columns));
  for (std::int64_t sample = 0; sample < batch; ++sample) {
    state.kernels.add(dense.bias.data(), added.pixel(sample, 0),
                      state.start.data() + sample * columns, columns);
  }
  args.start = state.start.data();
  args.start_stride = columns;
}

/// A map whose rows are laid end to end.
MapView flattened(MapView map) {
  map.extent.width *= map.extent.height;
  map.extent.height = 1;
  return map;
}

/// All samples' tokens as one sequence, for layers that treat every token alike.
MapView one_sequence(MapView map) {
  map.extent.width *= map.extent.batch;
  map.extent.batch = 1;
  return map;
}

}  // namespace

void convolve(CpuWorkspace::State& state,
              const std::stop_token& stop,
              const MapView& x,
              const Conv& conv,
              const ConvOptions& options,
              const MapView& output) {
  const PreparedDense& dense = prepared_dense(conv.prepared, state);
  DenseArgs args;
  args.x = x;
  args.output = output;
  if (options.norm != nullptr) {
    args.norm = group_statistics(state, stop, x, *options.norm, options.silu);
  } else if (options.silu) {
    args.norm = silu_alone(state, x);
  }
  if (options.residual) args.residual = view(options.residual);
  set_start(state, dense, options.channel_add, x.extent.batch, args);
  args.grids = {direct_grid(x, conv, options, output)};
  args.grids.front().weight = &dense.direct;
  if (wants_tiles(conv, state.conv_algorithm, output.extent)) return run_tiles(state, stop, args);
  const bool pointwise = args.grids.front().taps.size() == 1 && conv.stride == 1 &&
                         !conv.upsample && output.extent.tokens() == x.extent.tokens();
  if (pointwise) {
    args.x = flattened(args.x);
    args.output = flattened(args.output);
    if (args.residual.data != nullptr) args.residual = flattened(args.residual);
    Grid& grid = args.grids.front();
    grid.taps = {{0, 0}};
    grid.height = grid.rows = 1;
    grid.width = grid.columns = args.x.extent.width;
  }
  run_dense(state, stop, args);
}

void transform(CpuWorkspace::State& state,
               const std::stop_token& stop,
               const MapView& x,
               const Linear& linear,
               const LinearOptions& options,
               const MapView& output) {
  const PreparedDense& dense = prepared_dense(linear.prepared, state);
  DenseArgs args;
  args.x = flattened(x);
  args.output = flattened(output);
  args.activation = options.activation;
  args.start = dense.bias.data();
  if (options.residual) args.residual = flattened(view(options.residual));
  if (options.group_norm != nullptr) {
    args.norm = group_statistics(state, stop, x, *options.group_norm, false);
  } else {
    args.x = one_sequence(args.x);
    args.output = one_sequence(args.output);
    if (args.residual.data != nullptr) args.residual = one_sequence(args.residual);
  }
  if (options.layer_norm != nullptr) {
    args.norm = layer_statistics(*options.layer_norm, x.extent.channels);
  }
  Grid grid;
  grid.taps = {{0, 0}};
  grid.height = grid.rows = 1;
  grid.width = grid.columns = args.x.extent.width;
  grid.weight = &dense.direct;
  args.grids.push_back(std::move(grid));
  run_dense(state, stop, args);
}

}  // namespace onestep::cpu
