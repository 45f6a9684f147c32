#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <vector>

namespace onestep {

// Note [Gradient checkpointing]
// A region that is checkpointed keeps its inputs and forgets what happens inside; for the gradients
// it runs again. libtorch has this in Python only, so it is written here on torch's custom
// functions: forward runs the body without recording, backward runs it on detached inputs with
// recording and sends the gradient through that graph, which fills the gradients of the weights on
// the way. The second run repeats the first operation for operation, so nothing changes by a single
// bit; only the last operation need not be computed again, because nobody looks at the result: a
// convolution there is left out (gradient_conv.h), in a residual block half of the second run.
// torch records a custom function only when one of its arguments wants a gradient; the first region
// of a network has none but its weights, so a tensor without elements that wants one comes along.

/// What a region computes, on tensors; called once more for the gradients.
using CheckpointBody = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;

/// body(inputs), whose insides are computed again when gradients are asked for. Must be called
/// while gradients are recorded.
at::Tensor checkpointed(const CheckpointBody& body, const std::vector<at::Tensor>& inputs);

}  // namespace onestep
