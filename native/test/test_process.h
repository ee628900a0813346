// Runs a test in a separate process.
#pragma once

#include <cstdint>

#include "test.h"

namespace gateway_lock::test {

// Runs the test in a child process. Returns 0 if the test passed, kSkipped if the test was skipped,
// and another number if the test failed.
int RunInChild(const Test& test);
std::int64_t OwnPid();

}  // namespace gateway_lock::test
