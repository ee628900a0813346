// Who has a lock, asked from outside.
//
// Guaranteed: nothing is created, changed or removed. The kernel is asked by trying, so for some
// microseconds a free lock is held by the prober, and a concurrent TryAcquire() can see contention:
// it has to ask again before it believes that (src/lock/prober-grace.ts does).
// NOT promised: that the answer is still true when it arrives.
// Thread-safety: stateless.
#pragma once

#include <cstdint>
#include <string>

#include "status.h"

namespace gateway_lock {

enum class ProbedState { kMissing, kFree, kHeldExclusive, kHeldShared };

struct FileLockProbe {
  ProbedState state = ProbedState::kMissing;
  std::string record;
  std::int64_t modified_ms = 0;  // last change of the file, milliseconds since 1970
};

Status ProbeFileLock(const std::string& path, FileLockProbe* probe);

}  // namespace gateway_lock
