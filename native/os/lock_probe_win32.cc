#include "lock_probe.h"

#include "file_content.h"
#include "file_lock.h"
#include "lock_path_check.h"
#include "win32_file.h"

namespace gateway_lock {
namespace {

constexpr int kMaxStartOvers = 100;

// A lock needs one of the two rights. Deletion is shared, so that no release is held up.
FileHandle OpenForAsking(const std::string& path) {
  FileHandle file = OpenFile(path, {GENERIC_READ | GENERIC_WRITE});
  if (file.valid() || GetLastError() != ERROR_ACCESS_DENIED) return file;
  return OpenFile(path, {GENERIC_READ});
}

// Shared first: that is refused by an exclusive holder only. Exclusive next: refused by shared
// ones. Not while we have the shared one, which would refuse us (LockFileEx does not convert).
Status AskKernel(const FileHandle& file, ProbedState* state) {
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
  if (status.ok()) status = AskKernel(file, &probe->state);
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
  for (int attempt = 0; attempt < kMaxStartOvers; ++attempt) {
    *probe = {};
    FileHandle file = OpenForAsking(path);
    if (!file.valid()) return IsMissing(GetLastError()) ? Status::Ok() : WhyNotOpened(path);
    Status status = ProbeOpened(file, path, probe);
    if (status.kind != StatusKind::kReplaced) return status;
  }
  return Status::WeakFileSystem("shows another file at the path each time it is asked");
}

}  // namespace gateway_lock
