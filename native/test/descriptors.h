// Descriptors with the numbers that a test needs.
#pragma once

#include <string>

namespace gateway_lock::test {

// Creates a file with the content. Returns a close-on-exec descriptor for reading and writing.
int OpenWith(const std::string& path, const std::string& content);
// Returns the content of the file, or "closed" if the descriptor is not open.
std::string ContentOf(int fd);
// Duplicates `fd` to `number`, which is closed first if it is open.
void DuplicateTo(int fd, int number, int flags);

}  // namespace gateway_lock::test
