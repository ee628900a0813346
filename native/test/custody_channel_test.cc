#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "custody_channel.h"
#include "directory.h"
#include "idle_child.h"
#include "posix_socket.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

SocketPair Open() {
  SocketPair pair;
  CHECK(OpenSocketPair(&pair).ok());
  return pair;
}

void Send(const SocketHandle& end, const char* text, std::size_t size) {
  CHECK(write(Fd(end), text, size) == static_cast<ssize_t>(size));
}

TEST("both ends of a socket pair are close-on-exec, and each end gets what the other sends") {
  SocketPair pair = Open();
  CHECK(IsCloseOnExec(Fd(pair.first)) && IsCloseOnExec(Fd(pair.second)));
  char byte = 0;
  Send(pair.first, "x", 1);
  CHECK(read(Fd(pair.second), &byte, 1) == 1 && byte == 'x');
  Send(pair.second, "y", 1);
  CHECK(read(Fd(pair.first), &byte, 1) == 1 && byte == 'y');
  pair.first.Reset();
  CHECK(read(Fd(pair.second), &byte, 1) == 0);
}

TEST("the token can be taken once, even if several processes have inherited the channel") {
  SocketPair pair = Open();
  Send(pair.first, "a", 1);
  CHECK(fcntl(Fd(pair.second), F_SETFD, 0) == 0);
  InForkedChild([&] {
    CHECK(TakeToken(pair.second.get()));
    CHECK(IsCloseOnExec(Fd(pair.second)));
  });
  CHECK(!TakeToken(pair.second.get()));
  CHECK(!IsCloseOnExec(Fd(pair.second)));
}

TEST("an end that sends nothing more still gets what the other end sends") {
  SocketPair pair = Open();
  EndWrites(pair.first.get());
  char byte = 0;
  CHECK(read(Fd(pair.second), &byte, 1) == 0);
  Send(pair.second, "y", 1);
  CHECK(read(Fd(pair.first), &byte, 1) == 1 && byte == 'y');
  EndWrites(INT32_MAX);
}

TEST("the token is taken only from an open channel, and only after it has been sent") {
  SocketPair pair = Open();
  CHECK(!TakeToken(pair.second.get()));
  pair.first.Reset();
  CHECK(!TakeToken(pair.second.get()));
  CHECK(!TakeToken(open("/dev/zero", O_RDONLY)));
  CHECK(!TakeToken(INT32_MAX));
}

TEST("data that is not the token stays in the socket") {
  SocketPair pair = Open();
  Send(pair.first, "GET /", 5);
  CHECK(!TakeToken(pair.second.get()));
  char text[8];
  CHECK(read(Fd(pair.second), text, sizeof text) == 5 && text[0] == 'G');
}

}  // namespace
}  // namespace gateway_lock::test
