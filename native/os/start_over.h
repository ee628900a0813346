// Restarts an attempt if another process replaces the lock file in the meantime.
#pragma once

#include "status.h"

namespace gateway_lock {

// The maximum number of attempts. Each new attempt means that another process has acquired or
// released the lock in the meantime.
inline constexpr int kMaxStartOvers = 100;

// Calls `attempt` until its result is not kReplaced. Returns kWeakFileSystem after kMaxStartOvers
// calls: a file system that shows another file at the path every time cannot identify a lock file
// reliably.
template <typename Attempt>
Status StartOverWhileReplaced(Attempt attempt) {
  for (int count = 0; count < kMaxStartOvers; ++count) {
    Status status = attempt();
    if (status.kind != StatusKind::kReplaced) return status;
  }
  return Status::WeakFileSystem("names another file on every attempt");
}

}  // namespace gateway_lock
