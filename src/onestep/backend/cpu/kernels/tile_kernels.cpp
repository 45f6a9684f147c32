// What turns a 3x3 convolution of tiles into matrix products: transforms of pixels, of filters and
// of products, each over vectors of channels and the same along rows and columns. Compiled once per
// instruction set, under the rules of gemm_kernels.cpp.
#include "onestep/backend/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "onestep/backend/cpu/kernels/tile_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Note [Points of interpolation]
// A row of four outputs of a 3-tap filter is a product of two polynomials, computed from its values
// at six points (Lavin and Gray, arXiv 1509.09308): here 0, +-5/8, +-3/2 and infinity. A point p
// multiplies by up to p^4 on the way in and p^3 on the way out, so that far points lose digits, and
// near ones lie close together, which loses them on the way back. Root mean square error over the
// deviation of the output, 512 channels of normal data, float32 (a direct sum: 3.8e-7):
//
//   0, +-1, +-2          3.2e-6      0, +-3/4, +-3/2                  1.5e-6
//   0, +-1, +-1/2        3.2e-6      0, +-sqrt(2)/2, +-sqrt(2)        1.5e-6
//   0, +-1/2, +-3/2      1.8e-6      0, +-5/8, +-3/2                  1.4e-6
//
// The last ones' squares are exact in float32, too. Pairs of opposite points share their even and
// their odd half.

// Note [Nine products]
// A row x of a map doubled by repetition and filtered by (g0, g1, g2), S their sum, is
//
//   y[2i] = g0 (x[i-1] - x[i]) + S x[i],   y[2i+1] = S x[i] + g2 (x[i+1] - x[i]):
//
// three products for two outputs, nine for four in two dimensions, a quarter of the taps. Zeros
// outside the small map are zeros outside the doubled one. Where the doubled map is cropped by its
// last row, 2n-1, output 2n-2 lacks g2 x[n-1]: exactly the third product, since x[n] is 0.

HWY_BEFORE_NAMESPACE();
namespace onestep::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr D d;
constexpr std::int64_t kLanes = HWY_MAX_BYTES / 4;
static_assert(kChannelStep % kLanes == 0);

constexpr int kTaps = 3;
// Narrower vectors would leave with half a line (measured with AVX2: twice the layer's time).
constexpr bool kLineAtOnce = kLanes * sizeof(float) == 64;

/// See Note [Points of interpolation].
struct Winograd {
  static constexpr TileShape kShape = kWinogradTile;

  static constexpr float kNear = 0.625F;
  static constexpr float kFar = 1.5F;
  static constexpr float kNear2 = kNear * kNear;
  static constexpr float kFar2 = kFar * kFar;

  /// Six pixels of a row to the six points.
  static HWY_INLINE void input(const V* x, V* y) {
    const V near2 = hn::Set(d, kNear2);
    const V far2 = hn::Set(d, kFar2);
    const V both = hn::Set(d, kNear2 + kFar2);
    const V product = hn::Set(d, kNear2 * kFar2);
    const V near_even = hn::NegMulAdd(far2, x[2], x[4]);
    const V near_odd = hn::Mul(hn::Set(d, kNear), hn::NegMulAdd(far2, x[1], x[3]));
    const V far_even = hn::NegMulAdd(near2, x[2], x[4]);
    const V far_odd = hn::Mul(hn::Set(d, kFar), hn::NegMulAdd(near2, x[1], x[3]));
    y[0] = hn::MulAdd(product, x[0], hn::NegMulAdd(both, x[2], x[4]));
    y[1] = hn::Add(near_even, near_odd);
    y[2] = hn::Sub(near_even, near_odd);
    y[3] = hn::Add(far_even, far_odd);
    y[4] = hn::Sub(far_even, far_odd);
    y[5] = hn::MulAdd(product, x[1], hn::NegMulAdd(both, x[3], x[5]));
  }

  /// Three taps to the six points, each divided by what input() leaves in it.
  static HWY_INLINE void filter(const V* g, V* u) {
    constexpr float kNearScale = 1 / (2 * kNear2 * (kNear2 - kFar2));
    constexpr float kFarScale = 1 / (2 * kFar2 * (kFar2 - kNear2));
    const V near_scale = hn::Set(d, kNearScale);
    const V far_scale = hn::Set(d, kFarScale);
    const V near_even = hn::MulAdd(hn::Set(d, kNear2), g[2], g[0]);
    const V near_odd = hn::Mul(hn::Set(d, kNear), g[1]);
    const V far_even = hn::MulAdd(hn::Set(d, kFar2), g[2], g[0]);
    const V far_odd = hn::Mul(hn::Set(d, kFar), g[1]);
    u[0] = hn::Mul(hn::Set(d, 1 / (kNear2 * kFar2)), g[0]);
    u[1] = hn::Mul(near_scale, hn::Add(near_even, near_odd));
    u[2] = hn::Mul(near_scale, hn::Sub(near_even, near_odd));
    u[3] = hn::Mul(far_scale, hn::Add(far_even, far_odd));
    u[4] = hn::Mul(far_scale, hn::Sub(far_even, far_odd));
    u[5] = g[2];
  }

  /// Six points to four pixels of a row.
  static HWY_INLINE void output(const V* m, V* y, bool /*cropped*/) {
    const V near_sum = hn::Add(m[1], m[2]);
    const V near_difference = hn::Mul(hn::Set(d, kNear), hn::Sub(m[1], m[2]));
    const V far_sum = hn::Add(m[3], m[4]);
    const V far_difference = hn::Mul(hn::Set(d, kFar), hn::Sub(m[3], m[4]));
    const V near2 = hn::Set(d, kNear2);
    const V far2 = hn::Set(d, kFar2);
    y[0] = hn::Add(m[0], hn::Add(near_sum, far_sum));
    y[1] = hn::Add(near_difference, far_difference);
    y[2] = hn::MulAdd(near2, near_sum, hn::Mul(far2, far_sum));
    y[3] = hn::MulAdd(near2, near_difference, hn::MulAdd(far2, far_difference, m[5]));
  }
};

/// See Note [Nine products].
struct Doubled {
  static constexpr TileShape kShape = kDoubledTile;

  static HWY_INLINE void input(const V* x, V* y) {
    y[0] = hn::Sub(x[0], x[1]);
    y[1] = x[1];
    y[2] = hn::Sub(x[2], x[1]);
  }
  static HWY_INLINE void filter(const V* g, V* u) {
    u[0] = g[0];
    u[1] = hn::Add(hn::Add(g[0], g[1]), g[2]);
    u[2] = g[2];
  }
  static HWY_INLINE void output(const V* m, V* y, bool cropped) {
    const V first = hn::Add(m[0], m[1]);
    y[0] = cropped ? hn::Add(first, m[2]) : first;
    y[1] = hn::Add(m[1], m[2]);
  }
};

template <typename Tile>
HWY_NOINLINE void input(const TileInputArgs& args) {
  constexpr int kSide = Tile::kShape.side;
  for (std::int64_t c = 0; c < args.channels; c += kLanes) {
    if (args.next != nullptr) {
      for (int i = 0; i < kSide * kSide; ++i) __builtin_prefetch(args.next[i] + args.offset + c);
    }
    V rows[kSide][kSide];
    for (int i = 0; i < kSide; ++i) {
      V x[kSide];
#pragma GCC unroll 6
      for (int j = 0; j < kSide; ++j) {
        x[j] = hn::LoadU(d, args.pixels[i * kSide + j] + args.offset + c);
      }
      Tile::input(x, rows[i]);
    }
    for (int j = 0; j < kSide; ++j) {
      V x[kSide];
      V y[kSide];
#pragma GCC unroll 6
      for (int i = 0; i < kSide; ++i) x[i] = rows[i][j];
      Tile::input(x, y);
#pragma GCC unroll 6
      for (int i = 0; i < kSide; ++i) {
        hn::StoreU(y[i], d, args.output + (i * kSide + j) * args.point_stride + c);
      }
    }
  }
}

template <typename Tile>
HWY_NOINLINE void filter(const TileFilterArgs& args) {
  constexpr int kSide = Tile::kShape.side;
  for (std::int64_t at = 0; at < args.count; at += kLanes) {
    V rows[kTaps][kSide];
#pragma GCC unroll 3
    for (int i = 0; i < kTaps; ++i) {
      V g[kTaps];
#pragma GCC unroll 3
      for (int j = 0; j < kTaps; ++j) {
        g[j] = hn::LoadU(d, args.taps + (i * kTaps + j) * args.tap_stride + at);
      }
      Tile::filter(g, rows[i]);
    }
#pragma GCC unroll 6
    for (int j = 0; j < kSide; ++j) {
      const V g[kTaps] = {rows[0][j], rows[1][j], rows[2][j]};
      V u[kSide];
      Tile::filter(g, u);
#pragma GCC unroll 6
      for (int i = 0; i < kSide; ++i) {
        hn::StoreU(u[i], d, args.output + (i * kSide + j) * args.point_stride + at);
      }
    }
  }
}

/// Mean and sum of squared deviations of `rows` rows of `columns` pixels.
template <int kOutputs>
HWY_INLINE void tile_moments(const V (&pixels)[kOutputs][kOutputs],
                             std::int64_t rows,
                             std::int64_t columns,
                             V& centre,
                             V& squares) {
  V sum = hn::Zero(d);
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < columns; ++j) sum = hn::Add(sum, pixels[i][j]);
  }
  centre = hn::Mul(sum, hn::Set(d, 1.0F / static_cast<float>(rows * columns)));
  squares = hn::Zero(d);
#pragma GCC unroll 4
  for (std::int64_t i = 0; i < rows; ++i) {
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < columns; ++j) {
      const V difference = hn::Sub(pixels[i][j], centre);
      squares = hn::MulAdd(difference, difference, squares);
    }
  }
}

/// Adds a tile's pixels to the moments at `column` (Chan, Golub, LeVeque 1983).
template <int kOutputs>
HWY_INLINE void add_moments(const TileOutputArgs& args,
                            const V (&pixels)[kOutputs][kOutputs],
                            std::int64_t column) {
  const auto count = static_cast<float>(args.rows * args.row_pixels);
  const auto before = static_cast<float>(args.before);
  V centre;
  V squares;
  if (args.rows == kOutputs && args.row_pixels == kOutputs) {
    tile_moments(pixels, kOutputs, kOutputs, centre, squares);  // unrolled
  } else {
    tile_moments(pixels, args.rows, args.row_pixels, centre, squares);
  }
  const V share = hn::Set(d, count / (before + count));
  const V mean = hn::LoadU(d, args.mean + column);
  const V difference = hn::Sub(centre, mean);
  const V between = hn::Mul(hn::Mul(difference, difference), hn::Mul(share, hn::Set(d, before)));
  const V deviation = hn::LoadU(d, args.deviation + column);
  hn::StoreU(hn::MulAdd(difference, share, mean), d, args.mean + column);
  hn::StoreU(hn::Add(deviation, hn::Add(squares, between)), d, args.deviation + column);
}

template <typename Tile>
HWY_NOINLINE void output(const TileOutputArgs& args) {
  constexpr int kSide = Tile::kShape.side;
  constexpr int kOutputs = Tile::kShape.outputs;
  for (std::int64_t c = 0; c < args.columns; c += kLanes) {
    const V start = hn::LoadU(d, args.start + c);
    V rows[kOutputs][kSide];
    for (int j = 0; j < kSide; ++j) {
      V m[kSide];
      V y[kOutputs];
#pragma GCC unroll 6
      for (int i = 0; i < kSide; ++i) {
        m[i] = hn::LoadU(d, args.products + (i * kSide + j) * args.point_stride + c);
      }
      Tile::output(m, y, args.rows < kOutputs);
#pragma GCC unroll 4
      for (int i = 0; i < kOutputs; ++i) rows[i][j] = y[i];
    }
    const std::int64_t column = args.column + c;
    V pixels[kOutputs][kOutputs];
    for (int i = 0; i < kOutputs; ++i) {
      V y[kOutputs];
      Tile::output(rows[i], y, args.row_pixels < kOutputs);
#pragma GCC unroll 4
      for (int j = 0; j < kOutputs; ++j) {
        V value = hn::Add(y[j], start);
        const int pixel = i * kOutputs + j;
        if (args.residual != nullptr) {
          value = hn::Add(value, hn::LoadU(d, args.residual[pixel] + column));
        }
        pixels[i][j] = value;
        if (kLineAtOnce && args.streamed) {
          hn::Stream(value, d, args.output[pixel] + column);
        } else {
          hn::StoreU(value, d, args.output[pixel] + column);
        }
      }
    }
    add_moments(args, pixels, c);
  }
}

template <typename Tile>
TileKernels kernels_of() {
  return {
      .shape = Tile::kShape, .input = input<Tile>, .filter = filter<Tile>, .output = output<Tile>};
}

void add_tiles(Kernels& kernels) {
  kernels.winograd = kernels_of<Winograd>();
  kernels.doubled = kernels_of<Doubled>();
}

}  // namespace onestep::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace onestep::cpu {

void add_tile_kernels(SimdTarget target, Kernels& kernels) {
  switch (target) {
    case SimdTarget::avx512:
      return N_AVX3::add_tiles(kernels);
    case SimdTarget::avx2:
      return N_AVX2::add_tiles(kernels);
    case SimdTarget::sse4:
      return N_SSE4::add_tiles(kernels);
  }
}

}  // namespace onestep::cpu
#endif
