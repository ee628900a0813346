// Parses any table as /proc/net/tcp or /proc/net/tcp6, and checks that a row in the kernel's format
// is found after any other rows.
#include "fuzz.h"
#include "port_owner_linux.cc"  // NOLINT(bugprone-suspicious-include)

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

constexpr unsigned kPort = 0x1F90;
constexpr std::uint64_t kInode = 4242;
const char kRow[] =
    "\n   7: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 "
    "4242 1 0000000000000000 100 0 0 10 0\n";

bool Any(const std::string&) { return true; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text = TextOf(data, size);
  Row row;
  if (ParseRow(text.c_str(), &row)) {
    EXPECT(std::string(row.local).size() <= 32);
    (void)IsWildcard(row.local);
  }
  for (Kind kind : {Kind::kListener, Kind::kConnection}) {
    (void)FindInode(MemoryFile(text).path().c_str(), {kind, kPort}, Any);
  }
  MemoryFile longer(text + kRow);
  auto loopback = [](const std::string& local) { return local == "0100007F"; };
  bool whole = text.find('\0') == std::string::npos;
  std::uint64_t found = FindInode(longer.path().c_str(), {Kind::kListener, kPort}, loopback);
  // An earlier row of the input may describe another listener on the same address and port.
  EXPECT(!whole || found == kInode || text.find("0100007F:") != std::string::npos);
  return 0;
}
