// The process that one test has for itself.
#pragma once

#include <cstdint>

#include "test.h"

namespace gateway_lock::test {

// What the test's process came to: 0 passed, kSkipped, anything else failed.
int RunInChild(const Test& test);
std::int64_t OwnPid();

}  // namespace gateway_lock::test
