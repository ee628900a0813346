#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>

#include "record.h"

namespace floor_bench {
namespace {

constexpr int kOpenFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

// Returns true if the directory is one in which other users cannot replace the file.
bool IsSafeDirectory(const std::string& path) {
  struct stat info;
  return stat(path.substr(0, path.find_last_of('/')).c_str(), &info) == 0 &&
         (!(info.st_mode & S_IWOTH) || (info.st_mode & S_ISVTX));
}

// Opens and checks the file without locking it.
bool Open(const std::string& path, int flags, Lock* lock) {
  if (!IsSafeDirectory(path)) return false;
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

void WriteRecord(Lock* lock, const std::string& fields, int port) {
  std::string record = FormatRecord(lock->acquisition, fields, port);
  off_t size = static_cast<off_t>(record.size());
  if (pwrite(lock->fd, record.data(), record.size(), 0) != size) abort();
  if (lock->size > size && ftruncate(lock->fd, size) != 0) abort();
  lock->size = size;
  lock->written_hash = std::hash<std::string>()(record);
}

// Returns true if no other program has overwritten our record.
bool ContainsOurRecord(const Lock& lock) {
  char content[4096];
  ssize_t length = pread(lock.fd, content, sizeof content, 0);
  return length > 0 && std::hash<std::string_view>()(std::string_view(
                           content, static_cast<std::size_t>(length))) == lock.written_hash;
}

// Returns true if the record names a live process. Otherwise the lock is not considered held, even
// if flock() was refused (docs/decisions/0002).
bool IsHeldByLiveOwner(int fd) {
  char record[4096];
  ssize_t length = pread(fd, record, sizeof record - 1, 0);
  if (length <= 0) return false;
  record[length] = '\0';
  return NamesLiveOwner(record);
}

// Returns false in a forked copy of the holder, which may only close the file.
bool IsOurLock(const Lock& lock) { return getpid() == lock.owner; }

void Close(Lock* lock, bool unlock) {
  if (unlock) flock(lock->fd, LOCK_UN);
  close(lock->fd);
  lock->fd = -1;
}

Try Finish(Lock* lock, const std::string& fields, Lock* out) {
  lock->owner = getpid();
  lock->acquisition = NewAcquisition();
  WriteRecord(lock, fields, 0);
  *out = std::move(*lock);
  return Try::kHeld;
}

}  // namespace

Try TryLock(const std::string& path, Lock* out, const std::string& fields) {
  for (;;) {
    Lock lock;
    if (!Open(path, kOpenFlags, &lock)) return Try::kFailed;
    if (flock(lock.fd, LOCK_EX | LOCK_NB) != 0) {
      bool certain = errno == EWOULDBLOCK && IsHeldByLiveOwner(lock.fd);
      close(lock.fd);
      return certain ? Try::kRefused : Try::kFailed;
    }
    if (NamesThisFile(&lock)) return Finish(&lock, fields, out);
    close(lock.fd);
  }
}

bool WaitLock(const std::string& path, Lock* out) {
  // Like a waiter of the package, warms up this process's identity, the random bytes and libc's
  // dates before the wait.
  (void)FormatRecord(NewAcquisition(), "", 0);
  for (;;) {
    Lock lock;
    if (!Open(path, kOpenFlags, &lock) && lock.fd < 0) return false;
    if (flock(lock.fd, LOCK_EX) == 0 && NamesThisFile(&lock)) {
      return Finish(&lock, "", out) == Try::kHeld;
    }
    close(lock.fd);
  }
}

void PublishPort(Lock* lock, const std::string& fields, int port) {
  WriteRecord(lock, fields, port);
}

void Unlock(Lock* lock) {
  bool ours = IsOurLock(*lock);
  if (ours && NamesThisFile(lock)) unlink(lock->path.c_str());
  Close(lock, ours);
}

void UnlockKept(Lock* lock) {
  bool ours = IsOurLock(*lock);
  if (ours && ContainsOurRecord(*lock) && ftruncate(lock->fd, 0) != 0) abort();
  Close(lock, ours);
}

bool CycleExisting(const std::string& path) {
  Lock lock;
  bool locked = Open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, &lock) &&
                flock(lock.fd, LOCK_EX | LOCK_NB) == 0 && NamesThisFile(&lock);
  lock.owner = getpid();
  if (lock.fd >= 0) Close(&lock, IsOurLock(lock));
  return locked;
}

bool ProbeHeld(const std::string& path) {
  Lock lock;
  bool opened = Open(path, kOpenFlags & ~O_CREAT, &lock);
  bool held = opened && flock(lock.fd, LOCK_SH | LOCK_NB) != 0 && IsHeldByLiveOwner(lock.fd) &&
              NamesThisFile(&lock);
  if (lock.fd >= 0) close(lock.fd);
  return held;
}

}  // namespace floor_bench
