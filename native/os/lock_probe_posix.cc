#include "lock_probe.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <utility>

#include "file_content.h"
#include "file_lock.h"
#include "lock_path_check.h"
#include "posix_file.h"
#include "start_over.h"
#include "weak_lock_registry.h"

namespace gateway_lock {
namespace {

// Opens the file for writing if permitted, because NFS grants an exclusive lock only on a writable
// descriptor (man 2 flock).
FileHandle OpenForProbe(const std::string& path) {
  FileHandle file = OpenPath(path.c_str(), O_RDWR);
  return !file.valid() && ShouldRetryReadOnly(errno) ? OpenPath(path.c_str(), O_RDONLY)
                                                     : std::move(file);
}

// Attempts a shared lock, then an exclusive lock. Only an exclusive holder causes the shared lock
// to be refused. Once it is granted, only shared holders cause the exclusive lock to be refused.
Status ProbeOpenFile(const FileHandle& file, ProbedState* state) {
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

Status ProbeOpened(const FileHandle& file, const std::string& path, FileAccess access,
                   FileLockProbe* probe) {
  LockOptions options;
  options.access = access;
  FileIdentity identity;
  Status status = CheckLockFile(file, options, /*created=*/false, &identity);
  if (status.ok() && HoldsWeakLock(identity)) {
    probe->state = ProbedState::kHeldExclusive;
  } else if (status.ok()) {
    status = ProbeOpenFile(file, &probe->state);
  }
  if (status.ok()) status = ReadAt0(file, kRecordLimit, &probe->record);
  struct stat now;
  if (status.ok()) status = SameFileAtPath(path, identity, &now);
  if (!status.ok()) return status;
  probe->size = static_cast<std::uint64_t>(now.st_size);
  probe->has_other_names = now.st_nlink > 1;
  return status;
}

}  // namespace

Status ProbeFileLock(const std::string& path, FileAccess access, FileLockProbe* probe) {
  return StartOverWhileReplaced([&] {
    *probe = {};
    FileHandle file = OpenForProbe(path);
    if (file.valid()) return ProbeOpened(file, path, access, probe);
    return errno == ENOENT ? Status::Ok() : ExplainOpenFailure(path, access, errno);
  });
}

}  // namespace gateway_lock
