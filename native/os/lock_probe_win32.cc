#include "lock_probe.h"

#include "file_content.h"
#include "file_lock.h"
#include "lock_path_check.h"
#include "start_over.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

// Opens the file for writing or, if that is denied, for reading: LockFileEx() needs either right.
// Shares the file for deletion, so that a probe does not delay its removal by the holder.
FileHandle OpenForProbe(const std::string& path) {
  FileHandle file = OpenFile(path, {GENERIC_READ | GENERIC_WRITE});
  if (file.valid() || GetLastError() != ERROR_ACCESS_DENIED) return file;
  return OpenFile(path, {GENERIC_READ});
}

// Attempts a shared lock, then an exclusive lock. Only an exclusive holder causes the shared lock
// to be refused. Once it is granted, only shared holders cause the exclusive lock to be refused.
// Drops the shared lock in between, because LockFileEx() does not convert a lock, so ours would
// cause the refusal.
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
