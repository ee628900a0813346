// Parses any text as an address. If it is accepted, formats the address and parses it again.
#include <netdb.h>
#include <netinet/in.h>

#include "fuzz.h"
#include "posix_socket.cc"  // NOLINT(bugprone-suspicious-include)

using namespace gateway_lock;        // NOLINT(google-build-using-namespace)
using namespace gateway_lock::fuzz;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint16_t kPort = 18789;

std::string Written(const SocketAddress& address) {
  char text[NI_MAXHOST];
  EXPECT(getnameinfo(address.get(), address.length, text, sizeof text, nullptr, 0,
                     NI_NUMERICHOST) == 0);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SocketAddress address;
  Status status = ParseAddress({TextOf(data, size), kPort}, &address);
  if (!status.ok()) {
    EXPECT(status.sys_code == EINVAL);
    return 0;
  }
  EXPECT(address.family() == AF_INET || address.family() == AF_INET6);
  EXPECT(ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port) == kPort);
  SocketAddress again;
  EXPECT(ParseAddress({Written(address), kPort}, &again).ok());
  EXPECT(again.family() == address.family() && Written(again) == Written(address));
  return 0;
}
