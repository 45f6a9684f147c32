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

/// Fetches what the next product reads, a line at every step of the depth; steps are shorter than
/// lines from two tiles of rows on.
struct NextAhead {
  std::uintptr_t at;  // may pass the end of what is there by rounding
  std::uintptr_t step;

  HWY_INLINE void advance() {
    constexpr int kRead = 0;
    constexpr int kSecondLevel = 2;
    __builtin_prefetch(reinterpret_cast<const void*>(at), kRead, kSecondLevel);
    at += step;
  }
};
struct NothingAhead {
  HWY_INLINE void advance() {}
};

/// Adds one tap: rows a[i][offset + k], panel b [length][kVectors * lanes].
template <int kRows, int kVectors, typename Ahead>
HWY_INLINE void add_tap(Tile<kRows, kVectors>& tile,
                        Ahead& ahead,
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
    ahead.advance();
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const V ak = hn::Set(d, row[i][k]);
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) tile.sum[i][j] = hn::MulAdd(ak, bk[j], tile.sum[i][j]);
    }
  }
}

template <int kRows, int kVectors, typename Ahead>
HWY_NOINLINE void gemm_tile(const GemmArgs& args,
                            Ahead& ahead,
                            const float* const* a,
                            std::int64_t first_row,
                            std::int64_t column,
                            const float* b) {
  Tile<kRows, kVectors> tile;
  tile.clear();
  for (std::int64_t tap = 0; tap < args.taps; ++tap) {
    add_tap(tile, ahead, a + tap * kTileRows, args.offset, args.length,
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

template <int kVectors, typename Ahead>
void gemm_panel(const GemmArgs& args,
                Ahead& ahead,
                const float* const* a,
                std::int64_t row,
                std::int64_t column,
                const float* b) {
  const std::int64_t rows = args.rows - row;
  if (rows > kTileRows / 2) {
    gemm_tile<kTileRows, kVectors>(args, ahead, a, row, column, b);
  } else if (rows > 1) {
    gemm_tile<kTileRows / 2, kVectors>(args, ahead, a, row, column, b);
  } else {
    gemm_tile<1, kVectors>(args, ahead, a, row, column, b);
  }
}

template <typename Ahead>
void gemm_rows(const GemmArgs& args, Ahead ahead) {
  const std::int64_t depth = args.taps * args.length;
  for (std::int64_t row = 0; row < args.rows; row += kTileRows) {
    const float* const* a = args.a + row * args.taps;
    std::int64_t column = 0;
    for (; column + 2 * kLanes <= args.columns; column += 2 * kLanes) {
      gemm_panel<2>(args, ahead, a, row, column, args.b + column * depth);
    }
    if (column < args.columns) gemm_panel<1>(args, ahead, a, row, column, args.b + column * depth);
  }
}

void gemm(const GemmArgs& args) {
  if (args.next == nullptr) return gemm_rows(args, NothingAhead());
  // A panel's step of the depth is made once for every tile of rows.
  constexpr std::uintptr_t kStepBytes = 2 * kLanes * sizeof(float);
  const auto tiles = static_cast<std::uintptr_t>((args.rows + kTileRows - 1) / kTileRows);
  gemm_rows(args, NextAhead{.at = reinterpret_cast<std::uintptr_t>(args.next),
                            .step = (kStepBytes + tiles - 1) / tiles});
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

struct Float16 {
  static constexpr std::int64_t kBytes = 2;
  static HWY_INLINE V load(const std::byte* source) {
    const hn::Rebind<hwy::float16_t, D> d16;
    return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(source)));
  }
};
struct BFloat16 {
  static constexpr std::int64_t kBytes = 2;
  static HWY_INLINE V load(const std::byte* source) {
    const hn::Rebind<std::uint16_t, D> d16;
    const hn::RebindToUnsigned<D> d32;
    const auto half = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(source));
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(d32, half)));
  }
};
struct Float32 {
  static constexpr std::int64_t kBytes = 4;
  static HWY_INLINE V load(const std::byte* source) {
    return hn::LoadU(d, reinterpret_cast<const float*>(source));
  }
};

/// Widens `count` values; writes whole vectors, reads nothing beyond the last value.
template <typename Stored>
HWY_INLINE void widen(const std::byte* source, std::int64_t count, float* HWY_RESTRICT output) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(Stored::load(source + i * Stored::kBytes), d, output + i);
  }
  if (i == count) return;
  HWY_ALIGN std::byte rest[kLanes * Stored::kBytes] = {};
  __builtin_memcpy(rest, source + i * Stored::kBytes,
                   static_cast<std::size_t>((count - i) * Stored::kBytes));
  hn::StoreU(Stored::load(rest), d, output + i);
}

constexpr std::int64_t kPiece = 128;  // values of a row that are transposed at a time
using Pieces = float[kLanes][kPiece];

/// Values k to k + 3 of the rows i, i + 4, i + 8, ...
template <typename Tag>
HWY_INLINE hn::Vec<Tag> blocks_of(Tag tag, const Pieces& pieces, std::int64_t i, std::int64_t k) {
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
  if constexpr (lanes == 4) {
    return hn::Load(tag, &pieces[i][k]);
  } else {
    const hn::Half<Tag> half;
    return hn::Combine(tag, blocks_of(half, pieces, i + lanes / 2, k),
                       blocks_of(half, pieces, i, k));
  }
}

/// Values k to k + 3 of all rows, a vector each: four by four inside the blocks.
HWY_INLINE void transpose(const Pieces& pieces, std::int64_t k, V* columns) {
  const hn::Repartition<double, D> pairs;
  const V x0 = blocks_of(d, pieces, 0, k);
  const V x1 = blocks_of(d, pieces, 1, k);
  const V x2 = blocks_of(d, pieces, 2, k);
  const V x3 = blocks_of(d, pieces, 3, k);
  const auto a = hn::BitCast(pairs, hn::InterleaveLower(d, x0, x1));
  const auto b = hn::BitCast(pairs, hn::InterleaveLower(d, x2, x3));
  const auto e = hn::BitCast(pairs, hn::InterleaveUpper(d, x0, x1));
  const auto f = hn::BitCast(pairs, hn::InterleaveUpper(d, x2, x3));
  columns[0] = hn::BitCast(d, hn::InterleaveLower(pairs, a, b));
  columns[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, a, b));
  columns[2] = hn::BitCast(d, hn::InterleaveLower(pairs, e, f));
  columns[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, e, f));
}

// Note [Weights where the file is mapped]
// A file stores [column][channel][tap]; the products read [tap][channel][column]. Weights stay
// where the file is mapped, in its dtype, and every task turns the panels that it needs, piece by
// piece through the first-level cache. A copy in the second order would cost more than that on the
// way to the first photograph: as many fresh pages as the file has, zeroed by the system, and twice
// the memory until the last layer is copied.
template <typename Stored>
void widen_panel_as(const WeightPanelArgs& args) {
  HWY_ALIGN Pieces pieces;
  const std::int64_t depth = args.taps * args.length;
  for (std::int64_t column = 0; column < args.width; column += kLanes) {
    std::int64_t channel = 0;
    std::int64_t tap = 0;
    for (std::int64_t first = 0; first < depth; first += kPiece) {
      const std::int64_t count = depth - first < kPiece ? depth - first : kPiece;
      for (std::int64_t row = 0; row < kLanes; ++row) {
        if (column + row < args.count) {
          widen<Stored>(args.rows + (column + row) * args.row_bytes + first * Stored::kBytes, count,
                        pieces[row]);
        } else {
          for (std::int64_t k = 0; k < kPiece; k += kLanes) {
            hn::Store(hn::Zero(d), d, pieces[row] + k);
          }
        }
      }
      for (std::int64_t k = 0; k < count; k += 4) {
        V columns[4];
        transpose(pieces, k, columns);
        for (std::int64_t i = 0; i < 4 && k + i < count; ++i) {
          hn::StoreU(columns[i], d,
                     args.output + (tap * args.length + channel) * args.width + column);
          if (++tap == args.taps) {
            tap = 0;
            ++channel;
          }
        }
      }
    }
  }
}

void widen_panel(const WeightPanelArgs& args) {
  switch (args.dtype) {
    case DType::float16:
      return widen_panel_as<Float16>(args);
    case DType::bfloat16:
      return widen_panel_as<BFloat16>(args);
    default:
      return widen_panel_as<Float32>(args);
  }
}

void add_kernels(Kernels& kernels) {
  kernels.lanes = kLanes;
  kernels.tile_rows = kTileRows;
  kernels.gemm = gemm;
  kernels.weighted_sum = weighted_sum;
  kernels.widen_panel = widen_panel;
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
