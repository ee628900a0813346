#include "directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "test.h"

namespace gateway_lock::test {
namespace {

constexpr uid_t kNobody = 65534;

const char* TemporaryFolder() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
}

}  // namespace

Directory::Directory() {
  path_ = std::string(TemporaryFolder()) + "/gateway-lock-os-XXXXXX";
  CHECK(mkdtemp(path_.data()) != nullptr);
  CHECK(chmod(path_.c_str(), 0755) == 0);
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  CHECK(file.good());
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good());
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

unsigned ModeOf(const std::string& path) {
  struct stat info;
  CHECK(lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

std::uint64_t InodeOf(const std::string& path) {
  struct stat info;
  CHECK(lstat(path.c_str(), &info) == 0);
  return info.st_ino;
}

int DescriptorOf(const std::string& path) {
  struct stat wanted;
  CHECK(stat(path.c_str(), &wanted) == 0);
  for (int fd = 0; fd < 1024; ++fd) {
    struct stat info;
    bool open = fstat(fd, &info) == 0;
    if (open && info.st_dev == wanted.st_dev && info.st_ino == wanted.st_ino) return fd;
  }
  return -1;
}

bool IsCloseOnExec(int fd) {
  int flags = fcntl(fd, F_GETFD);
  CHECK(flags >= 0);
  return (flags & FD_CLOEXEC) != 0;
}

void InForkedChild(const std::function<void()>& body) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void AsOrdinaryUser(const std::function<void()>& body) {
  InForkedChild([&] {
    if (geteuid() == 0) CHECK(setgid(kNobody) == 0 && setuid(kNobody) == 0);
    body();
  });
}

void RequireRoot() {
  if (geteuid() != 0) Skip("needs root to act as another user");
}

}  // namespace gateway_lock::test
