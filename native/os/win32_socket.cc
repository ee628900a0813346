#include "win32_socket.h"

#include <cstring>
#include <string>
#include <utility>

namespace gateway_lock {
namespace {

// Starts Winsock once. WSACleanup() is never called, because Windows cleans up at process exit.
int StartWinsock() {
  static const int error = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data);
  }();
  return error;
}

Status SetNonBlocking(const SocketHandle& socket) {
  u_long on = 1;
  return ioctlsocket(Raw(socket), static_cast<long>(FIONBIO), &on) == 0
             ? Status::Ok()
             : Status::SystemError(WSAGetLastError(), "ioctlsocket");
}

Status AllowDualStack(const SocketHandle& socket) {
  DWORD off = 0;
  return setsockopt(Raw(socket), IPPROTO_IPV6, IPV6_V6ONLY, reinterpret_cast<const char*>(&off),
                    sizeof off) == 0
             ? Status::Ok()
             : Status::SystemError(WSAGetLastError(), "setsockopt");
}

}  // namespace

Status ParseAddress(const Endpoint& endpoint, SocketAddress* address) {
  int error = StartWinsock();
  if (error != 0) return Status::SystemError(error, "WSAStartup");
  // For an empty address, getaddrinfo() would return every address of this host (MS Learn).
  if (endpoint.address.empty()) return Status::SystemError(WSAEINVAL, "bind");
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::string port = std::to_string(endpoint.port);
  if (getaddrinfo(endpoint.address.c_str(), port.c_str(), &hints, &found) != 0) {
    return Status::SystemError(WSAEINVAL, "bind");
  }
  std::memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->length = static_cast<int>(found->ai_addrlen);
  freeaddrinfo(found);
  return Status::Ok();
}

Status OpenSocket(int family, SocketHandle* out) {
  SOCKET opened = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, nullptr, 0,
                             WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (opened == INVALID_SOCKET) return Status::SystemError(WSAGetLastError(), "socket");
  SocketHandle socket(static_cast<NativeHandle>(opened));
  Status status = SetNonBlocking(socket);
  if (status.ok() && family == AF_INET6) status = AllowDualStack(socket);
  if (status.ok()) *out = std::move(socket);
  return status;
}

Status LocalPort(const SocketHandle& socket, std::uint16_t* port) {
  SocketAddress local;
  local.length = sizeof local.storage;
  if (getsockname(Raw(socket), reinterpret_cast<sockaddr*>(&local.storage), &local.length) != 0) {
    return Status::SystemError(WSAGetLastError(), "getsockname");
  }
  // sin_port and sin6_port have the same offset.
  *port = ntohs(reinterpret_cast<const sockaddr_in*>(local.get())->sin_port);
  return Status::Ok();
}

}  // namespace gateway_lock
