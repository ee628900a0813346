// Parses any text as /proc/PID/fdinfo/N. Checks that a lock is found only if the text contains one.
#include "fdinfo_linux.cc"  // NOLINT(bugprone-suspicious-include)
#include "fuzz.h"

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text = TextOf(data, size);
  bool locked = HasLock(MemoryFile(text).path(), LockMode::kExclusive);
  for (const char* word : {"lock:", "FLOCK", "WRITE"}) {
    EXPECT(!locked || text.find(word) != std::string::npos);
  }
  // The kernel's line for a lock must be found after any complete lines without a NUL.
  if (text.find('\0') == std::string::npos) {
    std::string lock = "\nlock:\t1: FLOCK  ADVISORY  WRITE 123 08:01:77 0 EOF\n";
    EXPECT(HasLock(MemoryFile(text + lock).path(), LockMode::kExclusive));
  }
  return 0;
}
