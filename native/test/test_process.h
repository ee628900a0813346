// Runs a test in a separate process.
#pragma once

#include <cstdint>

#include "test.h"

namespace gateway_lock::test {

// Runs the test in a child process. Returns 0 if it passed, kSkipped if it was skipped, and another
// number if it failed.
int RunInChild(const Test& test);
std::int64_t OwnPid();

}  // namespace gateway_lock::test
