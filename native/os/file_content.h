// Reads and replaces the content of a small file. Implemented per OS.
#pragma once

#include <cstddef>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Reads at most `limit` bytes from offset 0.
Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out);

// Replaces the content, which was `old_size` bytes: one write at offset 0, then a truncate if the
// old content was longer. A reader sees the old text, the new text, or the new text with a tail of
// the old one; never an empty file.
Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content);

}  // namespace gateway_lock
