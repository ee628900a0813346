// Who has a lock, asked from outside.
//
// Guaranteed: nothing is created, changed or removed. The kernel is asked by trying, so for some
// microseconds a free lock is held by the prober, and a concurrent TryAcquire() can see contention:
// it has to ask again before it believes that (src/lock/grace-period.ts does).
// NOT promised: that the answer is still true when it arrives.
// Thread-safety: stateless.
#pragma once

#include <cstdint>
#include <string>

#include "lock_options.h"
#include "status.h"

namespace gateway_lock {

enum class ProbedState { kMissing, kFree, kHeldExclusive, kHeldShared };

struct FileLockProbe {
  ProbedState state = ProbedState::kMissing;
  std::string record;            // the beginning of the content, at most kRecordLimit bytes
  std::uint64_t size = 0;        // of the content, in bytes
  bool has_other_names = false;  // hard links
};

// `access`: as for the lock, whose files of other users are judged by it.
Status ProbeFileLock(const std::string& path, FileAccess access, FileLockProbe* probe);

}  // namespace gateway_lock
