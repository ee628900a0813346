#include "file_lock.h"

#include <algorithm>

#include "file_content.h"
#include "lock_contender.h"

namespace gateway_lock {

Status FileLock::TryAcquire(const std::string& path, LockMode mode, bool allow_weak,
                            KnownFileSystems* file_systems, FileLock* out,
                            std::string* holder_record) {
  LockContender contender(path, mode, allow_weak);
  Status status = contender.Try(file_systems, out);
  if (status.contended() && holder_record != nullptr) (void)contender.ReadRecord(holder_record);
  return status;
}

Status FileLock::ReadRecord(std::string* record) const {
  return ReadAt0(file_, kRecordLimit, record);
}

Status FileLock::WriteRecord(const std::string& record) {
  Status status = ReplaceContent(file_, size_, record);
  // After a failure it may be as long as either.
  size_ = status.ok() ? record.size() : std::max(size_, record.size());
  return status;
}

}  // namespace gateway_lock
