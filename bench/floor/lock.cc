#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "record.h"

namespace floor_bench {
namespace {

constexpr int kOpenFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

// Opened and checked, not locked yet.
bool Open(const std::string& path, int flags, Lock* lock) {
  lock->fd = open(path.c_str(), flags, 0600);
  struct stat info;
  if (lock->fd < 0 || fstat(lock->fd, &info) != 0) return false;
  lock->device = info.st_dev;
  lock->inode = info.st_ino;
  lock->path = path;
  return S_ISREG(info.st_mode) && info.st_nlink <= 1 && info.st_uid == geteuid();
}

bool NamesThisFile(Lock* lock) {
  struct stat info;
  if (lstat(lock->path.c_str(), &info) != 0) return false;
  lock->size = info.st_size;
  return info.st_dev == lock->device && info.st_ino == lock->inode;
}

void WriteRecord(Lock* lock, int port) {
  std::string record = FormatRecord(port);
  off_t size = static_cast<off_t>(record.size());
  if (pwrite(lock->fd, record.data(), record.size(), 0) < 0) abort();
  if (lock->size > size && ftruncate(lock->fd, size) != 0) abort();
  lock->size = size;
}

Try Finish(Lock* lock, Lock* out) {
  WriteRecord(lock, 0);
  *out = std::move(*lock);
  return Try::kHeld;
}

}  // namespace

Try TryLock(const std::string& path, Lock* out) {
  for (;;) {
    Lock lock;
    if (!Open(path, kOpenFlags, &lock)) return Try::kFailed;
    if (flock(lock.fd, LOCK_EX | LOCK_NB) != 0) {
      bool certain = errno == EWOULDBLOCK && NamesLiveOwner(lock.fd);
      close(lock.fd);
      return certain ? Try::kRefused : Try::kFailed;
    }
    if (NamesThisFile(&lock)) return Finish(&lock, out);
    close(lock.fd);
  }
}

bool WaitLock(const std::string& path, Lock* out) {
  for (;;) {
    Lock lock;
    if (!Open(path, kOpenFlags, &lock) && lock.fd < 0) return false;
    if (flock(lock.fd, LOCK_EX) == 0 && NamesThisFile(&lock)) {
      return Finish(&lock, out) == Try::kHeld;
    }
    close(lock.fd);
  }
}

void PublishPort(Lock* lock, int port) { WriteRecord(lock, port); }

void Unlock(Lock* lock) {
  if (NamesThisFile(lock)) unlink(lock->path.c_str());
  flock(lock->fd, LOCK_UN);
  close(lock->fd);
  lock->fd = -1;
}

bool NamesLiveOwner(int fd) {
  char text[4096];
  ssize_t length = pread(fd, text, sizeof text - 1, 0);
  if (length <= 0) return false;
  text[length] = '\0';
  const char* pid = strstr(text, "\"pid\":");
  const char* start = strstr(text, "\"startTime\":");
  return pid != nullptr && start != nullptr &&
         StartTimeOf(atoi(pid + 6)) == strtoull(start + 12, nullptr, 10);
}

bool ProbeHeld(const std::string& path) {
  Lock lock;
  bool opened = Open(path, kOpenFlags & ~O_CREAT, &lock);
  bool held = opened && flock(lock.fd, LOCK_SH | LOCK_NB) != 0 && NamesLiveOwner(lock.fd) &&
              NamesThisFile(&lock);
  if (lock.fd >= 0) close(lock.fd);
  return held;
}

}  // namespace floor_bench
