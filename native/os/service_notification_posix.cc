#include "service_notification.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "posix_file.h"
#include "posix_socket.h"
#include "socket_options.h"

namespace gateway_lock {
namespace {

// The most oversized states that one call skips, so that a sender cannot keep it busy.
constexpr int kMaxSkipped = 64;

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

struct UnixAddress {
  sockaddr_un storage = {};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

bool IsAbstract(const std::string& address) { return address[0] == '@'; }

bool IsSupported(const std::string& address) {
  bool named = kHasAbstractNames && IsAbstract(address) && address.size() > 1;
  return named || address[0] == '/';
}

// A path must fit with its final NUL. An abstract name starts with a NUL and has no final one.
Status ToUnixAddress(const std::string& text, const char* syscall, UnixAddress* address) {
  if (!IsSupported(text)) return Status::SystemError(EAFNOSUPPORT, syscall);
  std::size_t size = text.size() + (IsAbstract(text) ? 0 : 1);
  if (size > sizeof address->storage.sun_path) return Status::SystemError(ENAMETOOLONG, syscall);
  address->storage.sun_family = AF_UNIX;
  std::memcpy(address->storage.sun_path, text.c_str(), size);
  if (IsAbstract(text)) address->storage.sun_path[0] = '\0';
  address->length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  return Status::Ok();
}

Status OpenDatagramSocket(SocketHandle* out) {
  SocketHandle socket(OpenCloseOnExecSocket(AF_UNIX, SOCK_DGRAM));
  if (!socket.valid()) return Status::SystemError(errno, "socket");
  *out = std::move(socket);
  return Status::Ok();
}

Status Send(const SocketHandle& socket, const UnixAddress& address, const std::string& state) {
  ssize_t sent = 0;
  do {
    sent = sendto(Fd(socket), state.data(), state.size(), kNoSignal, address.get(), address.length);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0 ? Status::Ok() : Status::SystemError(errno, "sendto");
}

// Receives one datagram. Descriptors that are sent along are closed by the kernel, because no
// buffer for them is given. Sets `whole` to false if the datagram was truncated.
Status Receive(const SocketHandle& socket, std::string* state, bool* whole) {
  char buffer[kNotificationLimit];
  iovec part = {buffer, sizeof buffer};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t count = 0;
  do {
    count = recvmsg(Fd(socket), &message, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    bool empty = errno == EAGAIN || errno == EWOULDBLOCK;
    return empty ? Status::Contended() : Status::SystemError(errno, "recvmsg");
  }
  *whole = (message.msg_flags & MSG_TRUNC) == 0;
  state->assign(buffer, static_cast<std::size_t>(count));
  return Status::Ok();
}

}  // namespace

Status Notify(const std::string& address, const std::string& state) {
  UnixAddress to;
  SocketHandle socket;
  Status status = ToUnixAddress(address, "sendto", &to);
  if (status.ok()) status = OpenDatagramSocket(&socket);
  return status.ok() ? Send(socket, to, state) : status;
}

Status NotifySocket::Open(const std::string& address) {
  UnixAddress at;
  SocketHandle socket;
  Status status = ToUnixAddress(address, "bind", &at);
  if (status.ok()) status = OpenDatagramSocket(&socket);
  if (!status.ok()) return status;
  // On Linux the file gets the mode of the socket, so that no other user can send to the file
  // before ProtectFile() has changed it. On macOS this fails.
  (void)fchmod(Fd(socket), kOwnerOnly);
  if (bind(Fd(socket), at.get(), at.length) != 0) return Status::SystemError(errno, "bind");
  socket_ = std::move(socket);
  return IsAbstract(address) ? status : ProtectFile(address);
}

// Denies other users to send, whatever the umask is, and remembers the file for Close().
Status NotifySocket::ProtectFile(const std::string& path) {
  struct stat info;
  Status status = StatPath(path.c_str(), &info);
  if (!status.ok()) return status;
  path_ = path;
  identity_ = IdentityOf(info);
  bool done = chmod(path.c_str(), kOwnerOnly) == 0;
  return done ? status : Status::SystemError(errno, "chmod");
}

Status NotifySocket::Read(std::string* state) {
  for (int skipped = 0; skipped < kMaxSkipped; ++skipped) {
    bool whole = false;
    Status status = Receive(socket_, state, &whole);
    if (!status.ok() || whole) return status;
  }
  return Status::Contended();
}

void NotifySocket::Close() {
  socket_.Reset();
  struct stat now;
  if (!path_.empty() && SameFileAtPath(path_, identity_, &now).ok()) (void)unlink(path_.c_str());
  path_.clear();
}

}  // namespace gateway_lock
