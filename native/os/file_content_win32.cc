#include "file_content.h"

#include "win32_file.h"

namespace gateway_lock {

Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out) {
  out->resize(limit);
  OVERLAPPED start = {};
  DWORD count = 0;
  bool read = ReadFile(Raw(file), &(*out)[0], static_cast<DWORD>(limit), &count, &start) ||
              GetLastError() == ERROR_HANDLE_EOF;
  out->resize(read ? count : 0);
  return read ? Status::Ok() : LastError("read");
}

Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content) {
  OVERLAPPED start = {};
  DWORD count = 0;
  auto size = static_cast<DWORD>(content.size());
  if (size > 0 && !WriteFile(Raw(file), content.data(), size, &count, &start)) {
    return LastError("write");
  }
  if (old_size <= content.size()) return Status::Ok();
  FILE_END_OF_FILE_INFO end = {};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(content.size());
  return SetFileInformationByHandle(Raw(file), FileEndOfFileInfo, &end, sizeof end)
             ? Status::Ok()
             : LastError("SetEndOfFile");
}

}  // namespace gateway_lock
