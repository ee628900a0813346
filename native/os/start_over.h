// Starts an attempt on a lock file over while the path is being replaced under it.
#pragma once

#include "status.h"

namespace gateway_lock {

// Each start-over means that another process has completed a whole acquire or release meanwhile.
inline constexpr int kMaxStartOvers = 100;

// Calls `attempt` until it returns anything but kReplaced. Gives up with kWeakFileSystem: a file
// system that reports another file at the path after every attempt cannot tell lock files apart.
template <typename Attempt>
Status StartOverWhileReplaced(Attempt attempt) {
  for (int count = 0; count < kMaxStartOvers; ++count) {
    Status status = attempt();
    if (status.kind != StatusKind::kReplaced) return status;
  }
  return Status::WeakFileSystem("names another file on every attempt");
}

}  // namespace gateway_lock
