// Functions that open descriptors with chosen numbers.
#pragma once

#include <string>

namespace gateway_lock::test {

// Creates a file with the given content. Returns a close-on-exec descriptor for reading and
// writing.
int OpenWith(const std::string& path, const std::string& content);
// Returns the content of the file behind the descriptor, or "closed" if it is not open.
std::string ContentOf(int fd);
// Duplicates `fd` to `number`, which is closed first if it is open.
void DuplicateTo(int fd, int number, int flags);

}  // namespace gateway_lock::test
