#include "onestep/base/python_random.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace onestep {
namespace {

/// Fills the state of a Mersenne twister from a key of several words, as its authors' init_by_array
/// does. Shaped as the standard library's seed sequences, which have another mixing.
class ArraySeed {
 public:
  using result_type = std::uint32_t;

  explicit ArraySeed(std::vector<std::uint32_t> key) : key_(std::move(key)) {}

  template <typename Iterator>
  void generate(Iterator begin, Iterator end) const {
    const std::vector<std::uint32_t> state = mixed(static_cast<std::size_t>(end - begin));
    std::copy(state.begin(), state.end(), begin);
  }

 private:
  /// What the state's word before `i`, which wraps around behind the last one, adds to word i.
  static std::uint32_t carry(const std::vector<std::uint32_t>& state, std::size_t i) {
    const std::uint32_t before = state[i == 0 ? state.size() - 1 : i - 1];
    return before ^ (before >> 30);
  }

  std::vector<std::uint32_t> mixed(std::size_t words) const {
    std::vector<std::uint32_t> state(words);
    state[0] = 19650218U;
    for (std::size_t i = 1; i < words; ++i) {
      state[i] = 1812433253U * carry(state, i) + static_cast<std::uint32_t>(i);
    }
    // Word 0 is never mixed itself: behind the last word it takes over that one.
    std::size_t i = 1;
    const auto advance = [&] {
      if (++i < words) return;
      state[0] = state[words - 1];
      i = 1;
    };
    for (std::size_t k = 0; k < std::max(words, key_.size()); ++k) {
      const std::size_t j = k % key_.size();
      state[i] =
          (state[i] ^ (carry(state, i) * 1664525U)) + key_[j] + static_cast<std::uint32_t>(j);
      advance();
    }
    for (std::size_t k = 0; k + 1 < words; ++k) {
      state[i] = (state[i] ^ (carry(state, i) * 1566083941U)) - static_cast<std::uint32_t>(i);
      advance();
    }
    state[0] = 0x80000000U;  // whatever the key, the state is not zero
    return state;
  }

  std::vector<std::uint32_t> key_;
};

/// The seed's 32-bit digits, the lowest first, without leading zeros.
std::vector<std::uint32_t> key_of(std::uint64_t seed) {
  std::vector<std::uint32_t> key = {static_cast<std::uint32_t>(seed)};
  if (seed >> 32 != 0) key.push_back(static_cast<std::uint32_t>(seed >> 32));
  return key;
}

std::mt19937 seeded_engine(std::uint64_t seed) {
  ArraySeed sequence(key_of(seed));
  return std::mt19937(sequence);
}

}  // namespace

PythonRandom::PythonRandom(std::uint64_t seed) : engine_(seeded_engine(seed)) {}

double PythonRandom::random() {
  const auto high = static_cast<double>(engine_() >> 5);
  const auto low = static_cast<double>(engine_() >> 6);
  return (high * 0x1p26 + low) * 0x1p-53;
}

double PythonRandom::uniform(double low, double high) {
  return low + (high - low) * random();
}

}  // namespace onestep
