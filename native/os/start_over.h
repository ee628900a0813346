// Starts over an attempt on a lock file if another process replaces the file during the attempt.
#pragma once

#include "status.h"

namespace gateway_lock {

// The maximum number of attempts. An attempt is started over only after another process has
// completed an acquire or a release in the meantime.
inline constexpr int kMaxStartOvers = 100;

// Calls `attempt` until its result is not kReplaced. Returns kWeakFileSystem after kMaxStartOvers
// calls: a file system that reports another file at the path after every attempt cannot identify a
// lock file reliably.
template <typename Attempt>
Status StartOverWhileReplaced(Attempt attempt) {
  for (int count = 0; count < kMaxStartOvers; ++count) {
    Status status = attempt();
    if (status.kind != StatusKind::kReplaced) return status;
  }
  return Status::WeakFileSystem("names another file on every attempt");
}

}  // namespace gateway_lock
