#include "port_owner.h"

#include <winsock2.h>
// Must be included after winsock2.h.
#include <iphlpapi.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "win32_socket.h"

namespace gateway_lock {
namespace {

constexpr int kMaxAttempts = 8;

enum class Kind { kListener, kConnection };

// One row of a socket table. The first 4 bytes of `local` contain an IPv4 address.
struct Row {
  unsigned char local[16];
  std::uint16_t port;
  std::uint16_t remote_port;
  DWORD pid;
  DWORD state;  // MIB_TCP_STATE
};

std::uint16_t Port(DWORD in_network_order) { return ntohs(static_cast<u_short>(in_network_order)); }

Row ToRow(const MIB_TCPROW_OWNER_PID& from) {
  Row row = {{}, Port(from.dwLocalPort), Port(from.dwRemotePort), from.dwOwningPid, from.dwState};
  std::memcpy(row.local, &from.dwLocalAddr, sizeof from.dwLocalAddr);
  return row;
}

Row ToRow(const MIB_TCP6ROW_OWNER_PID& from) {
  Row row = {{}, Port(from.dwLocalPort), Port(from.dwRemotePort), from.dwOwningPid, from.dwState};
  std::memcpy(row.local, from.ucLocalAddr, sizeof from.ucLocalAddr);
  return row;
}

// Reads a socket table. Retries with a larger buffer, because the table may grow between two calls.
// Returns an empty table if the system does not show it.
std::vector<DWORD> ReadTable(ULONG family, Kind kind) {
  auto rows =
      kind == Kind::kListener ? TCP_TABLE_OWNER_PID_LISTENER : TCP_TABLE_OWNER_PID_CONNECTIONS;
  std::vector<DWORD> table(1024);
  for (int tries = 0; tries < kMaxAttempts; ++tries) {
    auto size = static_cast<DWORD>(table.size() * sizeof(DWORD));
    DWORD error = GetExtendedTcpTable(table.data(), &size, /*bOrder=*/FALSE, family, rows, 0);
    if (error == NO_ERROR) return table;
    if (error != ERROR_INSUFFICIENT_BUFFER) break;
    table.resize(size / sizeof(DWORD) + 256);
  }
  return {};
}

// Finds the first socket on the port for which `matches` returns true.
template <typename Table, typename Matches>
bool FindRow(ULONG family, std::uint16_t port, Kind kind, Matches matches, Row* found) {
  std::vector<DWORD> bytes = ReadTable(family, kind);
  if (bytes.empty()) return false;
  const auto* table = reinterpret_cast<const Table*>(bytes.data());
  for (DWORD i = 0; i < table->dwNumEntries; ++i) {
    *found = ToRow(table->table[i]);
    if (found->port == port && matches(*found)) return true;
  }
  return false;
}

bool IsWildcard(const unsigned char (&address)[16]) {
  return std::all_of(address, address + 16, [](unsigned char byte) { return byte == 0; });
}

Row ToRow(const SocketAddress& address, std::uint16_t port) {
  Row row = {{}, port, 0, 0, 0};
  if (address.family() == AF_INET) {
    std::memcpy(row.local, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  } else {
    std::memcpy(row.local, &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
  }
  return row;
}

// Returns true if an IPv6 socket has the address ::ffff:A.B.C.D, as for an IPv4 connection.
bool IsMapped(const unsigned char (&v6)[16], const unsigned char (&v4)[16]) {
  constexpr unsigned char kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::memcmp(v6, kPrefix, sizeof kPrefix) == 0 &&
         std::memcmp(v6 + sizeof kPrefix, v4, 4) == 0;
}

// Finds a socket with this remote port (0: any) that conflicts with a bind to the endpoint. An IPv6
// listener on `::` can also accept IPv4 connections, but an IPv4 listener never accepts a
// connection to ::1.
bool FindSocket(const Endpoint& endpoint, Kind kind, std::uint16_t remote_port, Row* found) {
  SocketAddress address;
  if (!ParseAddress(endpoint, &address).ok()) return false;
  Row wanted = ToRow(address, endpoint.port);
  bool v6 = address.family() == AF_INET6;
  bool any = IsWildcard(wanted.local);
  auto connects = [&](const Row& row) {
    return remote_port == 0 || row.remote_port == remote_port;
  };
  auto accepts_v4 = [&](const Row& row) {
    return connects(row) && (IsWildcard(row.local) || IsMapped(row.local, wanted.local));
  };
  auto same = [&](const Row& row) {
    bool equal = std::memcmp(row.local, wanted.local, sizeof row.local) == 0;
    return connects(row) && (any || IsWildcard(row.local) || equal);
  };
  auto in_v4 = [&](auto matches) {
    return FindRow<MIB_TCPTABLE_OWNER_PID>(AF_INET, endpoint.port, kind, matches, found);
  };
  auto in_v6 = [&](auto matches) {
    return FindRow<MIB_TCP6TABLE_OWNER_PID>(AF_INET6, endpoint.port, kind, matches, found);
  };
  return v6 ? in_v6(same) || (any && in_v4(same)) : in_v4(same) || in_v6(accepts_v4);
}

}  // namespace

bool HasListener(const Endpoint& endpoint) {
  Row row;
  return FindSocket(endpoint, Kind::kListener, /*remote_port=*/0, &row);
}

bool HasLingeringConnection(std::uint16_t port) {
  Row row;
  // From FIN_WAIT_1 to TIME_WAIT. An established connection is not lingering, because its process
  // still uses the port.
  auto lingers = [](const Row& connection) {
    return connection.state >= MIB_TCP_STATE_FIN_WAIT1 &&
           connection.state <= MIB_TCP_STATE_TIME_WAIT;
  };
  constexpr Kind kKind = Kind::kConnection;
  return FindRow<MIB_TCPTABLE_OWNER_PID>(AF_INET, port, kKind, lingers, &row) ||
         FindRow<MIB_TCP6TABLE_OWNER_PID>(AF_INET6, port, kKind, lingers, &row);
}

std::int64_t FindListenerPid(const Endpoint& endpoint) {
  Row row;
  bool found = FindSocket(endpoint, Kind::kListener, /*remote_port=*/0, &row);
  return found ? static_cast<std::int64_t>(row.pid) : 0;
}

// A TIME_WAIT connection has pid 0, because its process has closed it.
std::int64_t FindConnectionPid(const Endpoint& endpoint) {
  return FindConnectionOwner(endpoint, /*remote_port=*/0);
}

std::int64_t FindConnectionOwner(const Endpoint& endpoint, std::uint16_t remote_port) {
  Row row;
  bool found = FindSocket(endpoint, Kind::kConnection, remote_port, &row);
  return found ? static_cast<std::int64_t>(row.pid) : 0;
}

}  // namespace gateway_lock
