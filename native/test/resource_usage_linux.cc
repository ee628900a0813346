#include "resource_usage.h"

#include <dirent.h>

#include "test.h"

namespace gateway_lock::test {
namespace {

int CountEntries(const char* path) {
  DIR* directory = opendir(path);
  CHECK(directory != nullptr);
  int count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

}  // namespace

int CountThreads() { return CountEntries("/proc/self/task"); }
int CountDescriptors() { return CountEntries("/proc/self/fd"); }

}  // namespace gateway_lock::test
