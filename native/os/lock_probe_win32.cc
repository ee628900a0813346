#include "lock_probe.h"

#include "file_content.h"
#include "file_lock.h"
#include "lock_path_check.h"
#include "start_over.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// Opens the file for writing or, if that is denied, for reading: LockFileEx() needs one of the two
// rights. Shares the file for deletion, so that a probe does not delay the removal of the file by
// its holder.
FileHandle OpenForProbe(const std::string& path) {
  FileHandle file = OpenFile(path, {GENERIC_READ | GENERIC_WRITE});
  if (file.valid() || GetLastError() != ERROR_ACCESS_DENIED) return file;
  return OpenFile(path, {GENERIC_READ});
}

// Attempts a shared lock, then an exclusive lock. The shared lock is refused only if there is an
// exclusive holder. If the shared lock is granted, the exclusive lock is refused only if there are
// shared holders. Drops the shared lock before the second attempt, because LockFileEx() does not
// convert a lock: our own shared lock would cause the refusal.
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
