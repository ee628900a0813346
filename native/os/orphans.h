// Reaps the processes that a container's PID 1 inherits when their parents end. A process that is
// never reaped stays a zombie and keeps its pid.
//
// Guaranteed: reaps no process in `known`, whose exit code another part of this process waits for.
// Thread-safety: stateless. Implemented per OS.
#pragma once

#include <cstdint>
#include <vector>

namespace gateway_lock {

// Reaps this process's ended children whose pids are not in `known`, and returns their number.
// Never waits. Returns 0 on macOS and Windows, where only the system inherits orphans.
int ReapOrphans(const std::vector<std::int64_t>& known);

}  // namespace gateway_lock
