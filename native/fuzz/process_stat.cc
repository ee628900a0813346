// Parses any text as /proc/PID/stat, and the kernel's line for any command name.
#include "fuzz.h"
#include "process_identity_linux.cc"  // NOLINT(bugprone-suspicious-include)

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

// man 5 proc_pid_stat: the name is at most 15 bytes long, may contain any bytes, and ends before
// the last ")".
void ParseKernelsLine(FuzzedDataProvider& input) {
  std::string name = input.ConsumeRandomLengthString(15);
  auto flags = input.ConsumeIntegral<std::uint32_t>();
  auto start = input.ConsumeIntegral<std::uint64_t>();
  auto pending = input.ConsumeIntegral<std::uint32_t>();
  std::string line = "1 (" + name + ") S";
  for (int field = 4; field <= 52; ++field) {
    std::uint64_t value = field == 9 ? flags : field == 22 ? start : field == 31 ? pending : 7;
    line += " " + std::to_string(value);
  }
  Stat stat;
  EXPECT(ParseStat(line + "\n", &stat));
  EXPECT(stat.state == 'S' && stat.flags == flags);
  EXPECT(stat.start_time == start && stat.pending == pending);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Stat stat;
  std::string text = TextOf(data, size);
  if (ParseStat(text, &stat)) {
    EXPECT(text.find(stat.state) != std::string::npos);
    (void)IsAlive(stat);
  }
  FuzzedDataProvider input(data, size);
  ParseKernelsLine(input);
  return 0;
}
