#pragma once

#include "onestep/backend/cpu/arena.h"
#include "onestep/backend/cpu/workspace.h"

namespace onestep::cpu {

/// softmax(q k^T / sqrt(head width)) v per head, without a matrix of scores: for a block of queries
/// the keys are walked in blocks with a running maximum and sum (arXiv 2205.14135).
void attend(CpuWorkspace::State& state,
            const std::stop_token& stop,
            const MapView& q,
            const MapView& k,
            const MapView& v,
            std::int64_t heads,
            bool causal,
            const MapView& output);

}  // namespace onestep::cpu
