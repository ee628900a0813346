#include "custody_channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "socket_options.h"

namespace gateway_lock {
namespace {

constexpr char kToken = 'a';

// Receives one byte, and returns true if it is the token.
bool ReceiveToken(int fd, int flags) {
  char byte = 0;
  ssize_t count = 0;
  do {
    count = recv(fd, &byte, sizeof byte, flags | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  return count == 1 && byte == kToken;
}

}  // namespace

Status OpenSocketPair(SocketPair* pair) {
  int ends[2];
  if (!OpenCloseOnExecPair(ends)) return Status::SystemError(errno, "socketpair");
  pair->first.Reset(ends[0]);
  pair->second.Reset(ends[1]);
  return Status::Ok();
}

// Looks at the byte before reading it, because the descriptor may be another program's socket.
bool TakeToken(NativeHandle socket) {
  int fd = static_cast<int>(socket);
  bool taken = ReceiveToken(fd, MSG_PEEK) && ReceiveToken(fd, 0);
  if (taken) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return taken;
}

void EndWrites(NativeHandle socket) { (void)shutdown(static_cast<int>(socket), SHUT_WR); }

}  // namespace gateway_lock
