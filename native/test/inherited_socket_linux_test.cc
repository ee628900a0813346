// Tests the shutdown of a listening socket, which macOS refuses, and addresses of one interface.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <string>

#include "idle_child.h"
#include "port_owner.h"
#include "port_probe.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// Returns a link-local IPv6 address of this machine with its interface, such as fe80::1%eth0.
std::string LinkLocalAddress() {
  ifaddrs* all = nullptr;
  CHECK(getifaddrs(&all) == 0);
  std::string found;
  for (const ifaddrs* each = all; each != nullptr && found.empty(); each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET6) continue;
    const auto& address = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr;
    char text[INET6_ADDRSTRLEN];
    if (!IN6_IS_ADDR_LINKLOCAL(&address)) continue;
    CHECK(inet_ntop(AF_INET6, &address, text, sizeof text) != nullptr);
    found = std::string(text) + "%" + each->ifa_name;
  }
  freeifaddrs(all);
  return found;
}

TEST("a socket on a link-local address is adopted only for the same interface") {
  std::string address = LinkLocalAddress();
  if (address.empty()) Skip("this machine has no link-local IPv6 address");
  Listener listener = ListenOn({address, 0});
  std::uint16_t port = listener.endpoint().port;
  int fd = dup(static_cast<int>(listener.handle()));
  Listener adopted;
  auto adoption = Listener::Adoption::kClosed;
  Endpoint elsewhere = {address.substr(0, address.find('%')) + "%lo", port};
  CHECK(Listener::AdoptInherited(fd, elsewhere, &adopted, &adoption).ok());
  CHECK(adoption == Listener::Adoption::kOtherAddress);
  CHECK(Listener::AdoptInherited(fd, {address, port}, &adopted, &adoption).ok());
  CHECK(adoption == Listener::Adoption::kAdopted);
}

TEST("a shutdown stops the listening socket also for a child that has inherited it") {
  Listener listener = ListenOn({"127.0.0.1", 0});
  Endpoint endpoint = listener.endpoint();
  IdleChild child;
  CHECK(listener.Shutdown().ok());
  CHECK(!HasListener(endpoint));
  ConnectResult result = ConnectResult::kAccepted;
  CHECK(ProbePort(endpoint, &result).ok() && result == ConnectResult::kRefused);
  CHECK(listener.Shutdown().ok());
  listener.Close();
  CHECK(ErrorOfListening(endpoint).empty());
}

}  // namespace
}  // namespace gateway_lock::test
