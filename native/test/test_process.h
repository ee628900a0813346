// The process in which a test runs.
#pragma once

#include <cstdint>

#include "test.h"

namespace gateway_lock::test {

// Returns 0 if the test passed, kSkipped if it was skipped, and another number if it failed.
int RunInChild(const Test& test);
std::int64_t OwnPid();

}  // namespace gateway_lock::test
