// Reads and replaces the content of a small file. Implemented per OS.
#pragma once

#include <cstddef>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// Reads at most `limit` bytes from offset 0.
Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out);

// Replaces the content, which is `old_size` bytes long: writes the new content at offset 0, then
// truncates the file if the old content was longer. A concurrent reader sees the old text, the new
// text, or the new text followed by the end of the old text, but never an empty file.
Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content);

}  // namespace gateway_lock
