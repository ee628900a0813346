#include "gateway.h"

#include <arpa/inet.h>
#include <dirent.h>
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

int PendingError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

// Returns true if the port refuses connections. The socket is non-blocking, because a listener with
// a full backlog would never accept the connection.
bool RefusesConnections(int port) {
  constexpr int kSilenceMs = 20;
  sockaddr_in address = Loopback(port);
  int fd = Socket();
  int error = 0;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) error = errno;
  // Usually already refused here, because on loopback the refusal arrives during connect().
  if (error == EINPROGRESS) error = PendingError(fd);
  pollfd waiting = {fd, POLLOUT, 0};
  if (error == 0 && poll(&waiting, 1, kSilenceMs) == 1) error = PendingError(fd);
  close(fd);
  return error == ECONNREFUSED;
}

int Listen(int port) {
  sockaddr_in address = Loopback(port);
  int on = 1;
  int fd = Socket();
  // Sets SO_REUSEADDR after listen(). Without it, connections of a killed gateway would prevent the
  // next bind.
  bool listens = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                 listen(fd, kBacklog) == 0 &&
                 setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  if (listens) return fd;
  close(fd);
  return -1;
}

// Creates the directory and its parent if missing. Returns true if only this user can access the
// directory.
bool IsOurDirectory(const std::string& parent, const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    if (mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) return false;
    if (mkdir(path.c_str(), 0700) != 0 || lstat(path.c_str(), &info) != 0) return false;
  }
  return S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 0077) == 0;
}

bool IsMissing(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) != 0 && errno == ENOENT;
}

// Step 5 of docs/protocol.md: a new lock file may belong to OpenClaw, which locks a database next
// to it.
bool LockNewFile(const std::string& path, Lock* lock, const std::string& fields) {
  return TryLock(path, lock, fields) == Try::kHeld && IsMissing(path + ".sqlite");
}

// Step 10 of docs/protocol.md: looks for the lock directories of other users. In the bench there
// are none.
bool IsOnlyDirectory(const std::string& parent, const std::string& name) {
  DIR* directory = opendir(parent.c_str());
  if (directory == nullptr) return false;
  bool only = true;
  while (const dirent* entry = readdir(directory)) {
    only = only && (entry->d_name[0] == '.' || name == entry->d_name);
  }
  closedir(directory);
  return only;
}

// The bench's paths contain no characters that JSON must escape.
std::string FieldsOf(const std::string& state, const std::string& config) {
  return R"(,"app":"gateway","role":"gateway","stateDir":")" + state + R"(","configPath":")" +
         config + '"';
}

bool RunGateway(const std::string& parent, const std::string& name, std::string fields, int port) {
  Lock state;
  Lock config;
  std::string directory = parent + '/' + name;
  if (!LockNewFile(directory + "/gateway.state.lock", &state, fields)) return false;
  if (!IsOnlyDirectory(parent, name)) return false;
  if (!LockNewFile(directory + "/gateway.12345678.lock", &config, fields)) return false;
  int listener = RefusesConnections(port) ? Listen(port) : -1;
  fields += R"(,"bindHost":"127.0.0.1")";
  PublishPort(&state, fields, port);
  PublishPort(&config, fields, port);
  close(listener);
  Unlock(&config);
  Unlock(&state);
  return listener >= 0;
}

}  // namespace

bool StartAndCloseGateway(const std::string& state_directory, int port) {
  char canonical[PATH_MAX];
  if (realpath(state_directory.c_str(), canonical) == nullptr) return false;
  std::string state = canonical;
  std::string config = state + "/gateway.json";
  std::string parent = state + "/tmp";
  std::string name = "gateway-" + std::to_string(getuid());
  // The package names the config lock after the resolved path of the config file, which does not
  // exist in the bench.
  return IsMissing(config) && IsOurDirectory(parent, parent + '/' + name) &&
         RunGateway(parent, name, FieldsOf(state, config), port);
}

}  // namespace floor_bench
