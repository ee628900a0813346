#include "lock_probe.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "file_content.h"
#include "file_lock.h"
#include "lock_place.h"
#include "own_weak_locks.h"
#include "posix_file.h"

namespace gateway_lock {
namespace {

constexpr int kMaxStartOvers = 100;

// For writing where it may be: NFS grants an exclusive lock on no other descriptor (man 2 flock).
int OpenForAsking(const std::string& path) {
  constexpr int kFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  int fd = open(path.c_str(), O_RDWR | kFlags);
  bool refused = fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS);
  return refused ? open(path.c_str(), O_RDONLY | kFlags) : fd;
}

// Shared first: that is refused by an exclusive holder only. Exclusive next: refused by shared
// ones.
Status AskKernel(const FileHandle& file, ProbedState* state) {
  Status shared = Flock(file, LOCK_SH | LOCK_NB);
  if (shared.contended()) {
    *state = ProbedState::kHeldExclusive;
    return Status::Ok();
  }
  if (!shared.ok()) return shared;
  Status exclusive = Flock(file, LOCK_EX | LOCK_NB);
  (void)Flock(file, LOCK_UN);
  if (!exclusive.ok() && !exclusive.contended()) return exclusive;
  *state = exclusive.contended() ? ProbedState::kHeldShared : ProbedState::kFree;
  return Status::Ok();
}

Status ProbeOpened(const FileHandle& file, const std::string& path, FileLockProbe* probe) {
  FileIdentity identity;
  Status status = CheckLockFile(file, /*created=*/false, &identity);
  if (status.ok() && IsOwnWeakLock(identity)) {
    probe->state = ProbedState::kHeldExclusive;
  } else if (status.ok()) {
    status = AskKernel(file, &probe->state);
  }
  if (status.ok()) status = ReadAt0(file, kRecordLimit, &probe->record);
  struct stat now;
  if (status.ok()) status = SameFileAtPath(path, identity, &now);
  if (status.ok()) probe->modified_ms = static_cast<std::int64_t>(now.st_mtime) * 1000;
  return status;
}

}  // namespace

Status ProbeFileLock(const std::string& path, FileLockProbe* probe) {
  for (int attempt = 0; attempt < kMaxStartOvers; ++attempt) {
    *probe = {};
    FileHandle file(OpenForAsking(path));
    if (!file.valid()) {
      return errno == ENOENT ? Status::Ok() : ExplainOpenFailure(path, errno);
    }
    Status status = ProbeOpened(file, path, probe);
    if (status.kind != StatusKind::kReplaced) return status;
  }
  return Status::WeakFileSystem("shows another file at the path each time it is asked");
}

}  // namespace gateway_lock
