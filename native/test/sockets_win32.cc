#include "sockets.h"

#include <winsock2.h>
// Must be included after winsock2.h.
#include <iphlpapi.h>

#include <vector>

#include "test.h"
#include "win32_socket.h"

namespace gateway_lock::test {
namespace {

constexpr long kLimitSeconds = 5;

SocketHandle BlockingSocket(const Endpoint& endpoint, SocketAddress* address) {
  CHECK(ParseAddress(endpoint, address).ok());
  SocketHandle opened(
      static_cast<NativeHandle>(::socket(address->family(), SOCK_STREAM, IPPROTO_TCP)));
  CHECK(opened.valid());
  return opened;
}

Status StrictBind(const Endpoint& endpoint, SocketHandle* out) {
  SocketAddress address;
  *out = BlockingSocket(endpoint, &address);
  return bind(Raw(*out), address.get(), address.length) == 0
             ? Status::Ok()
             : Status::SystemError(WSAGetLastError(), "bind");
}

void AwaitReadable(SOCKET socket) {
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(socket, &readable);
  timeval limit = {kLimitSeconds, 0};
  CHECK(select(0, &readable, nullptr, nullptr, &limit) == 1);
}

}  // namespace

SocketHandle Connect(const Endpoint& endpoint) {
  SocketAddress address;
  SocketHandle client = BlockingSocket(endpoint, &address);
  CHECK(connect(Raw(client), address.get(), address.length) == 0);
  return client;
}

SocketHandle BeginConnect(const Endpoint& endpoint) {
  SocketAddress address;
  SocketHandle client;
  CHECK(ParseAddress(endpoint, &address).ok());
  CHECK(OpenSocket(address.family(), &client).ok());
  CHECK(connect(Raw(client), address.get(), address.length) == 0 ||
        WSAGetLastError() == WSAEWOULDBLOCK);
  return client;
}

SocketHandle TryAccept(const Listener& listener) {
  return SocketHandle(
      static_cast<NativeHandle>(accept(static_cast<SOCKET>(listener.handle()), nullptr, nullptr)));
}

SocketHandle Accept(const Listener& listener) {
  AwaitReadable(static_cast<SOCKET>(listener.handle()));
  SocketHandle connection = TryAccept(listener);
  CHECK(connection.valid());
  return connection;
}

void AwaitEnd(const SocketHandle& connection) {
  char byte;
  AwaitReadable(Raw(connection));
  CHECK(recv(Raw(connection), &byte, 1, 0) == 0);
}

BoundSocket BindWithoutListening(const Endpoint& endpoint) {
  BoundSocket bound = {{}, endpoint};
  CHECK(StrictBind(endpoint, &bound.socket).ok());
  CHECK(LocalPort(bound.socket, &bound.endpoint.port).ok());
  return bound;
}

std::string ErrorOfStrictBind(const Endpoint& endpoint) {
  SocketHandle socket;
  return ErrorOf(StrictBind(endpoint, &socket));
}

bool ChildrenInherit(NativeHandle socket) {
  DWORD flags = 0;
  CHECK(GetHandleInformation(reinterpret_cast<HANDLE>(socket), &flags));
  return (flags & HANDLE_FLAG_INHERIT) != 0;
}

// Checks all listeners of the system. Windows always has one, at least the RPC endpoint mapper, and
// reports its process.
bool SystemReportsOwners() {
  std::vector<DWORD> bytes(1 << 20);
  auto size = static_cast<DWORD>(bytes.size() * sizeof(DWORD));
  CHECK(GetExtendedTcpTable(bytes.data(), &size, FALSE, AF_INET, TCP_TABLE_OWNER_PID_LISTENER, 0) ==
        NO_ERROR);
  const auto* table = reinterpret_cast<const MIB_TCPTABLE_OWNER_PID*>(bytes.data());
  for (DWORD i = 0; i < table->dwNumEntries; ++i) {
    if (table->table[i].dwOwningPid != 0) return true;
  }
  return false;
}

}  // namespace gateway_lock::test
