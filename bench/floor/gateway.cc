#include "gateway.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "lock.h"

namespace floor_bench {
namespace {

constexpr int kBacklog = 511;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Socket() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// Without blocking: a listener whose backlog is full would never answer.
bool RefusesConnections(int port) {
  constexpr int kSilenceMs = 20;
  sockaddr_in address = Loopback(port);
  int fd = Socket();
  int error = 0;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) error = errno;
  pollfd waiting = {fd, POLLOUT, 0};
  if (error == EINPROGRESS && poll(&waiting, 1, kSilenceMs) == 1) {
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  close(fd);
  return error == ECONNREFUSED;
}

int Listen(int port) {
  sockaddr_in address = Loopback(port);
  socklen_t length = sizeof address;
  int fd = Socket();
  bool listens = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                 listen(fd, kBacklog) == 0 &&
                 getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (listens) return fd;
  close(fd);
  return -1;
}

bool IsOurDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return false;
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat info;
  bool ours = fd >= 0 && fstat(fd, &info) == 0 && info.st_uid == geteuid();
  close(fd);
  return ours;
}

bool RunGateway(const std::string& directory, int port) {
  Lock state;
  Lock config;
  if (TryLock(directory + "/gateway.state.lock", &state) != Try::kHeld) return false;
  if (TryLock(directory + "/gateway.12345678.lock", &config) != Try::kHeld) return false;
  int listener = RefusesConnections(port) ? Listen(port) : -1;
  PublishPort(&state, port);
  PublishPort(&config, port);
  close(listener);
  Unlock(&config);
  Unlock(&state);
  return listener >= 0;
}

}  // namespace

bool StartAndCloseGateway(const std::string& state_directory, int port) {
  char canonical[PATH_MAX];
  if (realpath(state_directory.c_str(), canonical) == nullptr) return false;
  std::string directory = std::string(canonical) + "/tmp";
  if (!IsOurDirectory(directory)) return false;
  directory += "/floor";
  return IsOurDirectory(directory) && RunGateway(directory, port);
}

}  // namespace floor_bench
