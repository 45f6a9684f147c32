#pragma once

#include <torch/library.h>

namespace onestep {

/// While it lives, torch's meta device has the operations of training that torch itself brings for
/// devices with memory only: convolutions, norms, attention, selection. They make the tensors that
/// torch's kernels for a CPU return, and for their duration the scratch memory that these take: the
/// blocked copies of oneDNN's convolutions. See Note [Rehearsal on shapes].
class ShapeKernels {
 public:
  ShapeKernels();

 private:
  torch::Library shapes_;
  torch::Library recording_;
};

}  // namespace onestep
