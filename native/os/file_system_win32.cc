#include "file_system.h"

#include "win32_file.h"

namespace gateway_lock {

Status TestExclusion(const std::string& path, const FileIdentity& identity, bool* excludes) {
  FileHandle second = OpenFile(path, {GENERIC_READ});
  if (!second.valid()) return WhyNotOpened(path);
  FileFacts facts;
  Status status = StatFile(second, &facts);
  if (!status.ok()) return status;
  if (!(facts.identity == identity)) return Status::Replaced();
  Status locked = LockByte(second, LockMode::kExclusive);
  if (!locked.ok() && !locked.contended()) return locked;
  *excludes = locked.contended();
  return Status::Ok();
}

// Only a remote file has a remote protocol; a local one is refused the question
// (ERROR_INVALID_PARAMETER).
bool IsRemoteFileSystem(const FileHandle& file) {
  FILE_REMOTE_PROTOCOL_INFO info = {};
  return GetFileInformationByHandleEx(Raw(file), FileRemoteProtocolInfo, &info, sizeof info) != 0;
}

}  // namespace gateway_lock
