#include "file_content.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "posix_file.h"

namespace gateway_lock {

Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out) {
  // Uses a stack buffer, because reading directly into the string would first allocate and clear
  // kRecordLimit bytes.
  char piece[4096];
  out->clear();
  while (out->size() < limit) {
    std::size_t wanted = std::min(sizeof piece, limit - out->size());
    ssize_t count = pread(Fd(file), piece, wanted, static_cast<off_t>(out->size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::SystemError(errno, "read");
    out->append(piece, static_cast<std::size_t>(count));
    // A short read from a regular file means the end of the file.
    if (static_cast<std::size_t>(count) < wanted) break;
  }
  return Status::Ok();
}

Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    ssize_t count =
        pwrite(Fd(file), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::SystemError(errno, "write");
    // POSIX allows write() to return 0, and some FUSE servers do so when no space is left. Retrying
    // would loop forever.
    if (count == 0) return Status::SystemError(ENOSPC, "write");
    done += static_cast<std::size_t>(count);
  }
  // Truncates only if needed, because ftruncate() is a journaled inode change that takes a third of
  // the time of the whole write.
  if (old_size <= content.size()) return Status::Ok();
  int result = 0;
  do {
    result = ftruncate(Fd(file), static_cast<off_t>(content.size()));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status::Ok() : Status::SystemError(errno, "ftruncate");
}

}  // namespace gateway_lock
