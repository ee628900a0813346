// The questions about a port that open nothing: TryBind and AskPort.
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "listener.h"
#include "posix_socket.h"
#include "sockets.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

const Endpoint kAnyPort = {"127.0.0.1", 0};

Answer Ask(const Endpoint& endpoint) {
  Answer answer = Answer::kSilent;
  CHECK(AskPort(endpoint, &answer).ok());
  return answer;
}

TEST("asking a port tells a listener from nobody, and closing is seen at once") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  CHECK(Ask(endpoint) == Answer::kAnswers);
  listener.Close();
  CHECK(Ask(endpoint) == Answer::kRefused);
}

TEST("a port that is bound without listening refuses") {
  SocketHandle squatter;
  CHECK(StrictBind(kAnyPort, &squatter) == 0);
  Endpoint taken = kAnyPort;
  CHECK(LocalPort(squatter, &taken.port).ok());
  CHECK(Ask(taken) == Answer::kRefused);
}

TEST("a listener that accepts nobody and whose backlog is full is silent, not free") {
  Listener listener;
  CHECK(Listener::Listen(kAnyPort, /*backlog=*/1, &listener).ok());
  SocketAddress address;
  CHECK(ParseAddress(listener.endpoint(), &address).ok());
  std::vector<SocketHandle> crowd(8);
  for (SocketHandle& one : crowd) {
    CHECK(OpenSocket(AF_INET, &one).ok());
    CHECK(connect(Fd(one), address.get(), address.length) == 0 || errno == EINPROGRESS);
  }
  CHECK(Ask(listener.endpoint()) == Answer::kSilent);
  CHECK(TryBind(listener.endpoint()).sys_code == EADDRINUSE);
}

TEST("an address of another host is not asked") {
  Answer answer;
  CHECK(AskPort({"192.0.2.1", 80}, &answer).sys_code == EADDRNOTAVAIL);
}

TEST("a name is not looked up") {
  Answer answer;
  CHECK(AskPort({"localhost", 80}, &answer).sys_code == EINVAL);
  CHECK(TryBind({"localhost", 80}).sys_code == EINVAL);
}

TEST("trying a port finds a listener and leaves a free one free") {
  Listener listener = ListenOn(kAnyPort);
  Endpoint endpoint = listener.endpoint();
  CHECK(TryBind(endpoint).sys_code == EADDRINUSE);
  listener.Close();
  CHECK(TryBind(endpoint).ok());
  CHECK(TryBind(endpoint).ok());
  CHECK(ErrorOfStrictBind(endpoint) == 0);
}

}  // namespace
}  // namespace gateway_lock::test
