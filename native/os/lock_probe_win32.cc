#include "lock_probe.h"

#include "file_content.h"
#include "file_lock.h"
#include "lock_path_check.h"
#include "start_over.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// A lock needs one of the two rights. Shares deletion, so that a probe delays no release.
FileHandle OpenForProbe(const std::string& path) {
  FileHandle file = OpenFile(path, {GENERIC_READ | GENERIC_WRITE});
  if (file.valid() || GetLastError() != ERROR_ACCESS_DENIED) return file;
  return OpenFile(path, {GENERIC_READ});
}

// Tries shared, then exclusive. Only an exclusive holder refuses the first; shared holders refuse
// the second. Drops the shared lock in between: LockFileEx() does not convert, so our own lock
// would refuse us.
Status ProbeOpenFile(const FileHandle& file, ProbedState* state) {
  for (LockMode mode : {LockMode::kShared, LockMode::kExclusive}) {
    Status status = LockByte(file, mode);
    if (status.contended()) {
      *state = mode == LockMode::kShared ? ProbedState::kHeldExclusive : ProbedState::kHeldShared;
      return Status::Ok();
    }
    if (!status.ok()) return status;
    UnlockByte(file);
  }
  *state = ProbedState::kFree;
  return Status::Ok();
}

Status ProbeOpened(const FileHandle& file, const std::string& path, FileLockProbe* probe) {
  FileFacts facts;
  Status status = CheckLockFile(file, LockOptions(), /*created=*/false, &facts.identity);
  if (status.ok()) status = ProbeOpenFile(file, &probe->state);
  if (status.ok()) status = ReadAt0(file, kRecordLimit, &probe->record);
  if (status.ok()) status = SameFileAtPath(path, facts.identity);
  if (status.ok()) status = StatFile(file, &facts);
  if (!status.ok()) return status;
  probe->size = facts.size;
  probe->has_other_names = facts.links > 1;
  return status;
}

}  // namespace

Status ProbeFileLock(const std::string& path, FileAccess, FileLockProbe* probe) {
  return StartOverWhileReplaced([&] {
    *probe = {};
    FileHandle file = OpenForProbe(path);
    if (file.valid()) return ProbeOpened(file, path, probe);
    return IsMissing(GetLastError()) ? Status::Ok() : LastOpenError(path);
  });
}

}  // namespace gateway_lock
