// Descriptors that stand where a test wants them.
#pragma once

#include <string>

namespace gateway_lock::test {

// A new file with that content, open for reading and writing, close-on-exec.
int OpenWith(const std::string& path, const std::string& content);
// "closed" for a descriptor that is none.
std::string ContentOf(int fd);
// At that very number, whatever was there.
void Place(int fd, int number, int flags);

}  // namespace gateway_lock::test
