// Prints a table of 36 cells. Each cell shows, for one pair of socket kinds, whether a second
// socket can bind the port of the first. MS Learn, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE",
// documents the table for Windows. Wine differs from it, so the test checks only the cells on which
// an exclusive listener depends.
#include <cstdio>
#include <string>

#include "sockets.h"
#include "test.h"
#include "win32_socket.h"

namespace gateway_lock::test {
namespace {

enum class Sharing { kDefault, kReuse, kExclusive };

struct Binder {
  const char* name;
  Sharing sharing;
  const char* address;

  bool exclusive() const { return sharing == Sharing::kExclusive; }
  bool wildcard() const { return *address == '0'; }
};

constexpr Binder kBinders[] = {
    {"default wild", Sharing::kDefault, "0.0.0.0"},
    {"default spec", Sharing::kDefault, "127.0.0.1"},
    {"reuse wild", Sharing::kReuse, "0.0.0.0"},
    {"reuse spec", Sharing::kReuse, "127.0.0.1"},
    {"excl wild", Sharing::kExclusive, "0.0.0.0"},
    {"excl spec", Sharing::kExclusive, "127.0.0.1"},
};

void SetOption(const SocketHandle& socket, Sharing sharing) {
  if (sharing == Sharing::kDefault) return;
  BOOL on = TRUE;
  CHECK(setsockopt(Raw(socket), SOL_SOCKET,
                   sharing == Sharing::kReuse ? SO_REUSEADDR : SO_EXCLUSIVEADDRUSE,
                   reinterpret_cast<const char*>(&on), sizeof on) == 0);
}

// Returns the name of the bind's error, or "" if it succeeds.
std::string Bind(const Binder& binder, std::uint16_t port, SocketHandle* out) {
  SocketAddress address;
  CHECK(ParseAddress({binder.address, port}, &address).ok());
  CHECK(OpenSocket(address.family(), out).ok());
  SetOption(*out, binder.sharing);
  bool bound = bind(Raw(*out), address.get(), address.length) == 0;
  return bound ? "" : ErrorOf(Status::SystemError(WSAGetLastError(), "bind"));
}

// ProbeWildcardBind() in listener_win32.cc depends on the first rule below, and Listener depends on
// the other two to exclude other listeners.
bool MustBeRefused(const Binder& first, const Binder& second) {
  if (second.exclusive() && second.wildcard()) return true;
  if (first.exclusive() && first.wildcard()) return true;
  return (first.exclusive() || second.exclusive()) && first.wildcard() == second.wildcard();
}

std::string Cell(const Binder& first, const Binder& second) {
  SocketHandle one;
  SocketHandle other;
  std::uint16_t port = 0;
  CHECK(Bind(first, 0, &one).empty());
  CHECK(LocalPort(one, &port).ok());
  std::string outcome = Bind(second, port, &other);
  CHECK(!(outcome.empty() && MustBeRefused(first, second)));
  return outcome.empty() ? "bound" : outcome;
}

TEST("an exclusive socket prevents a second bind in each case on which a listener depends") {
  std::printf("%-13s", "first\\second");
  for (const Binder& second : kBinders) std::printf("%-13s", second.name);
  for (const Binder& first : kBinders) {
    std::printf("\n%-13s", first.name);
    for (const Binder& second : kBinders) std::printf("%-13s", Cell(first, second).c_str());
  }
  std::printf("\n");
}

}  // namespace
}  // namespace gateway_lock::test
