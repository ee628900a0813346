#include "file_content.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "posix_file.h"

namespace gateway_lock {

Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out) {
  // Not into the string itself, which would be allocated and cleared for the longest record.
  char piece[4096];
  out->clear();
  while (out->size() < limit) {
    std::size_t wanted = std::min(sizeof piece, limit - out->size());
    ssize_t count = pread(Fd(file), piece, wanted, static_cast<off_t>(out->size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Status::SystemError(errno, "read");
    out->append(piece, static_cast<std::size_t>(count));
    // A regular file is read in full or to its end.
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
    // POSIX allows it, and some FUSE servers do it where no space is left: trying again would loop.
    if (count == 0) return Status::SystemError(ENOSPC, "write");
    done += static_cast<std::size_t>(count);
  }
  // A journaled change of the inode, which costs a third of a whole write: only where there is a
  // tail.
  if (old_size <= content.size()) return Status::Ok();
  int result = 0;
  do {
    result = ftruncate(Fd(file), static_cast<off_t>(content.size()));
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status::Ok() : Status::SystemError(errno, "ftruncate");
}

}  // namespace gateway_lock
