// The owner record, byte for byte as long as the package's, and who a pid is.
#pragma once

#include <cstdint>
#include <string>

namespace floor_bench {

// `port`: 0 for none.
std::string FormatRecord(int port);
// 0 for a process that is gone.
std::uint64_t StartTimeOf(int pid);

}  // namespace floor_bench
