#include "file_lock.h"

#include <algorithm>
#include <functional>

#include "file_content.h"
#include "lock_contender.h"

namespace gateway_lock {

Status FileLock::TryAcquire(const std::string& path, const LockOptions& options,
                            FileSystemCache* file_systems, FileLock* out,
                            std::string* holder_record) {
  LockContender contender(path, options);
  Status status = contender.Try(file_systems, out);
  if (status.contended() && holder_record != nullptr) (void)contender.ReadRecord(holder_record);
  return status;
}

Status FileLock::ReadRecord(std::string* record) const {
  return ReadAt0(file_, kRecordLimit, record);
}

Status FileLock::WriteRecord(const std::string& record) {
  Status status = ReplaceContent(file_, size_, record);
  // After a failed write, the file may still have the larger of the old and new sizes.
  size_ = status.ok() ? record.size() : std::max(size_, record.size());
  written_hash_ = std::hash<std::string>()(record);
  return status;
}

// Clears the content only if it is still our record. Another program's content must not be cleared.
Status FileLock::ClearRecord() {
  if (written_hash_ == 0) return Status::Ok();
  std::string content;
  Status status = ReadAt0(file_, kRecordLimit + 1, &content);
  if (!status.ok() || std::hash<std::string>()(content) != written_hash_) return status;
  status = ReplaceContent(file_, content.size(), "");
  if (status.ok()) written_hash_ = 0;
  return status;
}

Status FileLock::Undo() {
  options_.keep_file = options_.keep_file || !created_;
  return Release();
}

}  // namespace gateway_lock
