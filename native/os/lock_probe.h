// Probes a lock without holding it.
//
// Guaranteed: nothing is created, changed or removed.
// NOT promised: that the result is still true when it arrives, or that a concurrent TryAcquire()
// succeeds on a free lock. A probe tries the lock and so holds it for some microseconds; a refused
// attempt must be retried before the refusal counts (src/lock does so).
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

// `access`: same as for the lock; it decides which files of other users are accepted.
Status ProbeFileLock(const std::string& path, FileAccess access, FileLockProbe* probe);

}  // namespace gateway_lock
