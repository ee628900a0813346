// The content of a small file, whole. Implemented per OS.
#pragma once

#include <cstddef>
#include <string>

#include "status.h"
#include "unique_handle.h"

namespace gateway_lock {

// From offset 0, at most `limit` bytes.
Status ReadAt0(const FileHandle& file, std::size_t limit, std::string* out);

// Replaces the content, which was `old_size` bytes: one write at 0, then the end is moved where it
// was longer, so that a reader sees the old text, the new text, or the new text with a tail of the
// old one, and never nothing.
Status ReplaceContent(const FileHandle& file, std::size_t old_size, const std::string& content);

}  // namespace gateway_lock
