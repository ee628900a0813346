#include "descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include "directory.h"
#include "test.h"

namespace gateway_lock::test {

int OpenWith(const std::string& path, const std::string& content) {
  WriteFile(path, content);
  int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

std::string ContentOf(int fd) {
  char buffer[64];
  ssize_t count = pread(fd, buffer, sizeof buffer, 0);
  return count < 0 ? "closed" : std::string(buffer, static_cast<std::size_t>(count));
}

void DuplicateTo(int fd, int number, int flags) {
  CHECK(dup2(fd, number) == number);
  CHECK(fcntl(number, F_SETFD, flags) == 0);
}

}  // namespace gateway_lock::test
