// The register tiles: sums over k of a column of A (one float of each row, broadcast) times a row
// of B. Compiled once per instruction set; nothing of the standard library is used between
// HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE, because an inline function that is compiled for
// AVX-512 there could be the copy that the linker keeps for everyone.
#include "onestep/backend/cpu/kernels/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "onestep/backend/cpu/kernels/gemm_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace onestep::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr D d;
constexpr std::int64_t kLanes = HWY_MAX_BYTES / 4;
// As many rows of two vectors as leave registers for the two of B and one or two of A.
constexpr int kTileRows = HWY_TARGET == HWY_AVX3 ? 12 : HWY_TARGET == HWY_AVX2 ? 6 : 4;
static_assert(kTileRows <= kMaxTileRows && kChannelStep % kLanes == 0);

template <int kRows, int kVectors>
struct Tile {
  V sum[kRows][kVectors];

  HWY_INLINE void clear() {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) sum[i][j] = hn::Zero(d);
    }
  }
};

/// Adds one tap: rows a[i][offset + k], panel b [length][kVectors * lanes].
template <int kRows, int kVectors>
HWY_INLINE void add_tap(Tile<kRows, kVectors>& tile,
                        const float* const* HWY_RESTRICT a,
                        std::int64_t offset,
                        std::int64_t length,
                        const float* HWY_RESTRICT b) {
  const float* row[kRows];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) row[i] = a[i] + offset;
  for (std::int64_t k = 0; k < length; ++k, b += kVectors * kLanes) {
    V bk[kVectors];
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) bk[j] = hn::LoadU(d, b + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const V ak = hn::Set(d, row[i][k]);
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) tile.sum[i][j] = hn::MulAdd(ak, bk[j], tile.sum[i][j]);
    }
  }
}

template <int kRows, int kVectors>
HWY_NOINLINE void gemm_tile(const GemmArgs& args,
                            const float* const* a,
                            std::int64_t first_row,
                            std::int64_t column,
                            const float* b) {
  Tile<kRows, kVectors> tile;
  tile.clear();
  for (std::int64_t tap = 0; tap < args.taps; ++tap) {
    add_tap(tile, a + tap * kTileRows, args.offset, args.length,
            b + tap * args.length * kVectors * kLanes);
  }
  const std::int64_t rows = args.rows - first_row;
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    if (i >= rows) break;
    float* HWY_RESTRICT c = args.c[first_row + i] + args.column + column;
    const float* start = args.start == nullptr ? c : args.start + column;
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      const V before = hn::LoadU(d, start + j * kLanes);
      hn::StoreU(hn::Add(before, tile.sum[i][j]), d, c + j * kLanes);
    }
  }
}

template <int kVectors>
void gemm_panel(const GemmArgs& args,
                const float* const* a,
                std::int64_t row,
                std::int64_t column,
                const float* b) {
  const std::int64_t rows = args.rows - row;
  if (rows > kTileRows / 2) {
    gemm_tile<kTileRows, kVectors>(args, a, row, column, b);
  } else if (rows > 1) {
    gemm_tile<kTileRows / 2, kVectors>(args, a, row, column, b);
  } else {
    gemm_tile<1, kVectors>(args, a, row, column, b);
  }
}

void gemm(const GemmArgs& args) {
  const std::int64_t depth = args.taps * args.length;
  for (std::int64_t row = 0; row < args.rows; row += kTileRows) {
    const float* const* a = args.a + row * args.taps;
    std::int64_t column = 0;
    for (; column + 2 * kLanes <= args.columns; column += 2 * kLanes) {
      gemm_panel<2>(args, a, row, column, args.b + column * depth);
    }
    if (column < args.columns) gemm_panel<1>(args, a, row, column, args.b + column * depth);
  }
}

template <int kVectors>
HWY_NOINLINE void weighted_sum_tile(const WeightedSumArgs& args,
                                    std::int64_t query,
                                    std::int64_t column) {
  Tile<kTileRows, kVectors> tile;
  tile.clear();
  const float* HWY_RESTRICT p = args.p + query;
  const float* HWY_RESTRICT v = args.v + column * args.keys;
  for (std::int64_t k = 0; k < args.keys; ++k, p += args.queries, v += kVectors * kLanes) {
    V vk[kVectors];
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) vk[j] = hn::LoadU(d, v + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      const V pk = hn::Set(d, p[i]);
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) tile.sum[i][j] = hn::MulAdd(pk, vk[j], tile.sum[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
    float* HWY_RESTRICT output = args.output + (query + i) * args.columns + column;
    const V correction = hn::Set(d, args.correction[query + i]);
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) {
      const V before = hn::LoadU(d, output + j * kLanes);
      hn::StoreU(hn::MulAdd(before, correction, tile.sum[i][j]), d, output + j * kLanes);
    }
  }
}

void weighted_sum(const WeightedSumArgs& args) {
  for (std::int64_t query = 0; query < args.queries; query += kTileRows) {
    std::int64_t column = 0;
    for (; column + 2 * kLanes <= args.columns; column += 2 * kLanes) {
      weighted_sum_tile<2>(args, query, column);
    }
    if (column < args.columns) weighted_sum_tile<1>(args, query, column);
  }
}

/// Weights as they are stored, to float32; count is a multiple of the lanes.
void widen(const void* source, DType dtype, std::int64_t count, float* HWY_RESTRICT output) {
  if (dtype == DType::float16) {
    const hn::Rebind<hwy::float16_t, D> d16;
    const auto* half = static_cast<const hwy::float16_t*>(source);
    for (std::int64_t i = 0; i < count; i += kLanes) {
      hn::StoreU(hn::PromoteTo(d, hn::LoadU(d16, half + i)), d, output + i);
    }
  } else if (dtype == DType::bfloat16) {
    const hn::Rebind<std::uint16_t, D> d16;
    const hn::RebindToUnsigned<D> d32;
    const auto* half = static_cast<const std::uint16_t*>(source);
    for (std::int64_t i = 0; i < count; i += kLanes) {
      const auto bits = hn::ShiftLeft<16>(hn::PromoteTo(d32, hn::LoadU(d16, half + i)));
      hn::StoreU(hn::BitCast(d, bits), d, output + i);
    }
  } else {
    const auto* full = static_cast<const float*>(source);
    for (std::int64_t i = 0; i < count; i += kLanes) {
      hn::StoreU(hn::LoadU(d, full + i), d, output + i);
    }
  }
}

void add_kernels(Kernels& kernels) {
  kernels.lanes = kLanes;
  kernels.tile_rows = kTileRows;
  kernels.gemm = gemm;
  kernels.weighted_sum = weighted_sum;
  kernels.widen = widen;
}

}  // namespace onestep::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace onestep::cpu {

void add_gemm_kernels(SimdTarget target, Kernels& kernels) {
  switch (target) {
    case SimdTarget::avx512:
      return N_AVX3::add_kernels(kernels);
    case SimdTarget::avx2:
      return N_AVX2::add_kernels(kernels);
    case SimdTarget::sse4:
      return N_SSE4::add_kernels(kernels);
  }
}

}  // namespace onestep::cpu
#endif
