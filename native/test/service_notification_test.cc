#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "directory.h"
#include "posix_socket.h"
#include "service_notification.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

std::string Read(NotifySocket* socket) {
  std::string state;
  CHECK(socket->Read(&state).ok());
  return state;
}

bool IsEmpty(NotifySocket* socket) {
  std::string state;
  return socket->Read(&state).contended();
}

TEST("a notify socket receives each state whole and in order, and is then empty") {
  Directory directory;
  NotifySocket socket;
  CHECK(socket.Open(directory / "notify").ok());
  CHECK(IsEmpty(&socket));
  std::string longest(kNotificationLimit, 'x');
  for (const std::string& state : {std::string("READY=1\nMAINPID=7"), std::string(), longest}) {
    CHECK(Notify(directory / "notify", state).ok());
    CHECK(Read(&socket) == state);
  }
  CHECK(Notify(directory / "notify", "READY=1").ok());
  CHECK(Notify(directory / "notify", "STOPPING=1").ok());
  CHECK(Read(&socket) == "READY=1" && Read(&socket) == "STOPPING=1");
  CHECK(IsEmpty(&socket));
}

TEST("a state that exceeds the limit is skipped") {
  Directory directory;
  NotifySocket socket;
  CHECK(socket.Open(directory / "notify").ok());
  CHECK(Notify(directory / "notify", std::string(kNotificationLimit + 1, 'x')).ok());
  CHECK(Notify(directory / "notify", "READY=1").ok());
  CHECK(Read(&socket) == "READY=1" && IsEmpty(&socket));
}

TEST("only its user may send to a notify socket, and closing the socket removes its file") {
  Directory directory;
  umask(0);
  auto socket = std::make_unique<NotifySocket>();
  CHECK(socket->Open(directory / "notify").ok());
  CHECK((ModeOf(directory / "notify") & 0777) == 0600);
  NotifySocket second;
  CHECK(IsSystemError(second.Open(directory / "notify"), EADDRINUSE, "bind"));
  CHECK(Exists(directory / "notify"));
  socket.reset();
  CHECK(!Exists(directory / "notify"));
}

TEST("closing a notify socket keeps another file that has taken the place of its file") {
  Directory directory;
  NotifySocket socket;
  NotifySocket replacement;
  CHECK(socket.Open(directory / "notify").ok());
  CHECK(rename((directory / "notify").c_str(), (directory / "moved").c_str()) == 0);
  CHECK(replacement.Open(directory / "notify").ok());
  socket.Close();
  CHECK(Exists(directory / "notify") && Notify(directory / "notify", "READY=1").ok());
}

TEST("a notification without a receiver fails, and the error names the reason") {
  Directory directory;
  CHECK(IsSystemError(Notify(directory / "none", "READY=1"), ENOENT, "sendto"));
  SocketHandle abandoned(socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (directory / "abandoned").copy(address.sun_path, sizeof address.sun_path - 1);
  CHECK(bind(Fd(abandoned), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  abandoned.Reset();
  CHECK(IsSystemError(Notify(directory / "abandoned", "READY=1"), ECONNREFUSED, "sendto"));
}

TEST("a notification to a full queue fails instead of waiting") {
  Directory directory;
  NotifySocket socket;
  CHECK(socket.Open(directory / "notify").ok());
  Status status = Status::Ok();
  for (int sent = 0; status.ok() && sent < 100'000; ++sent) {
    status = Notify(directory / "notify", "STATUS=busy");
  }
  CHECK(status.sys_code == EAGAIN || status.sys_code == ENOBUFS);
  CHECK(Read(&socket) == "STATUS=busy");
}

TEST("an address that is empty, relative, of another kind or too long is refused") {
  NotifySocket socket;
  for (const char* address : {"", "@", "relative", "vsock:2:1"}) {
    CHECK(IsSystemError(Notify(address, "READY=1"), EAFNOSUPPORT, "sendto"));
    CHECK(IsSystemError(socket.Open(address), EAFNOSUPPORT, "bind"));
  }
  std::string too_long = "/" + std::string(sizeof sockaddr_un::sun_path, 'x');
  CHECK(IsSystemError(Notify(too_long, "READY=1"), ENAMETOOLONG, "sendto"));
  CHECK(IsSystemError(socket.Open(too_long), ENAMETOOLONG, "bind"));
}

}  // namespace
}  // namespace gateway_lock::test
