#pragma once

#include "onestep/tensor/array.h"

#include <cstdint>
#include <string>

namespace onestep {

/// Which truths are wanted of every picture; `any` takes what is there.
enum class Truth { depth, normals, any };

/// One picture with its truth. All maps have the picture's size.
struct Sample {
  Array image;    ///< uint8 [H,W,3] RGB
  Array depth_m;  ///< float32 [H,W], metres, 0 where unknown; empty ([0]) when there is none
  Array normals;  ///< float32 [H,W,3], unit, frame dsine, zero where unknown; empty without
  Array mask;     ///< uint8 [H,W]: 1 where each truth is known and the data's own mask is not 0
};

/// Pictures with truth, read by number. Any number of threads may read at once; the same number
/// gives the same sample.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::int64_t size() const = 0;
  /// For messages: "kitchen.png (train.jsonl:7)".
  virtual std::string name(std::int64_t index) const = 0;
  /// Throws Error (name, rule, found) for a file that went away or is damaged.
  virtual Sample read(std::int64_t index) const = 0;

 protected:
  Dataset() = default;
  Dataset(const Dataset&) = default;
  Dataset& operator=(const Dataset&) = default;
};

}  // namespace onestep
