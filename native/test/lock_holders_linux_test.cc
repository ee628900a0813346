#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "acquiring.h"
#include "directory.h"
#include "idle_child.h"
#include "lock_holders.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST("the holders of a lock are the processes that have acquired or inherited its descriptor") {
  Directory directory;
  std::string path = directory / "a.lock";
  FileLock lock = Acquire(path);
  IdleChild heir;
  CHECK((FindLockHolders(path) == std::vector<std::int64_t>{getpid(), heir.pid()} ||
         FindLockHolders(path) == std::vector<std::int64_t>{heir.pid(), getpid()}));
  lock.Leave();
  CHECK(FindLockHolders(path) == std::vector<std::int64_t>{heir.pid()});
  heir.End();
  CHECK(FindLockHolders(path).empty());
}

TEST("a shared holder is found, and a process that only has the file open is not") {
  Directory directory;
  std::string path = directory / "a.lock";
  FileLock lock = Acquire(path, LockMode::kShared);
  lock.Unlock();
  CHECK(open(path.c_str(), O_RDWR) >= 0);
  CHECK(FindLockHolders(path).empty());
  lock = Acquire(path, LockMode::kShared);
  CHECK(FindLockHolders(path) == std::vector<std::int64_t>{getpid()});
}

TEST("a file that does not exist has no holders") {
  Directory directory;
  CHECK(FindLockHolders(directory / "none").empty());
}

}  // namespace
}  // namespace gateway_lock::test
