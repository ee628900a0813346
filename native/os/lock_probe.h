// Finds out whether a lock is free, held exclusively or held by shared holders.
//
// Guaranteed: nothing is created, changed or removed.
// NOT promised: that the result is still true when the caller receives it, or that a concurrent
// TryAcquire() succeeds on a free lock. A probe holds a free lock for a few microseconds, so a
// refused attempt must be retried before the lock is considered held (src/lock does this).
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
  std::string record;            // at most kRecordLimit bytes from the beginning of the file
  std::uint64_t size = 0;        // content size in bytes
  bool has_other_names = false;  // more than one hard link
};

// Probes the lock of the file at `path`. `access` determines which files of other users are
// accepted, and must be the same as in the lock's options.
Status ProbeFileLock(const std::string& path, FileAccess access, FileLockProbe* probe);

}  // namespace gateway_lock
