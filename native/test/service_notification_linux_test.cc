// Tests abstract names and modes of sockets, which macOS does not have.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "directory.h"
#include "refused_call_linux.h"
#include "service_notification.h"
#include "sockets.h"
#include "status_checks.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("a notification reaches a socket with an abstract name as long as it is open") {
  std::string name = "@gateway-lock-test-" + std::to_string(getpid());
  NotifySocket socket;
  CHECK(socket.Open(name).ok());
  CHECK(Notify(name, "READY=1").ok());
  std::string state;
  CHECK(socket.Read(&state).ok() && state == "READY=1");
  NotifySocket second;
  CHECK(IsSystemError(second.Open(name), EADDRINUSE, "bind"));
  socket.Close();
  CHECK(IsSystemError(Notify(name, "READY=1"), ECONNREFUSED, "sendto"));
}

TEST("another user can never send to the file of a notify socket, not even before chmod()") {
  Directory directory;
  umask(0);
#ifdef SYS_chmod
  Refuse(SYS_chmod, EPERM);
#endif
  Refuse(SYS_fchmodat, EPERM);
  NotifySocket socket;
  CHECK(IsSystemError(socket.Open(directory / "notify"), EPERM, "chmod"));
  CHECK((ModeOf(directory / "notify") & 0777) == 0600);
}

TEST("the longest abstract name fits, because it has no final NUL") {
  std::string number = std::to_string(getpid());
  std::string longest = "@" + number + std::string(108 - 1 - number.size(), 'x');
  NotifySocket socket;
  CHECK(socket.Open(longest).ok() && Notify(longest, "READY=1").ok());
  CHECK(IsSystemError(Notify(longest + "x", "READY=1"), ENAMETOOLONG, "sendto"));
}

}  // namespace
}  // namespace gateway_lock::test
