#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "directory.h"
#include "idle_child.h"
#include "sqlite_lock.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// The first byte that SQLite locks in an exclusive transaction, and the first byte that a reader
// locks (sqlite3 src/os.h).
constexpr off_t kPendingByte = 0x40000000;
constexpr off_t kSharedByte = kPendingByte + 2;

void LockBytes(const std::string& path, short type, off_t start, off_t length) {
  int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  CHECK(fcntl(fd, F_SETLK, &lock) == 0);
}

TEST(
    "IsSqliteLocked() detects an exclusive SQLite transaction of another process until the "
    "transaction ends") {
  Directory directory;
  const std::string path = directory / "a.lock.sqlite";
  CHECK(!IsSqliteLocked(path) && !Exists(path));
  WriteFile(path, "");
  CHECK(!IsSqliteLocked(path));
  IdleChild holder([&] { LockBytes(path, F_WRLCK, kPendingByte, 512); });
  CHECK(IsSqliteLocked(path));
  holder.End();
  CHECK(!IsSqliteLocked(path));
}

TEST(
    "IsSqliteLocked() in the process of the transaction detects the transaction and does not end "
    "it") {
  Directory directory;
  const std::string path = directory / "a.lock.sqlite";
  WriteFile(path, "");
  IdleChild holder([&] {
    LockBytes(path, F_WRLCK, kPendingByte, 512);
    CHECK(IsSqliteLocked(path));
  });
  CHECK(IsSqliteLocked(path));
  holder.End();
  CHECK(!IsSqliteLocked(path));
}

TEST("a reader of a SQLite database does not count as an exclusive transaction") {
  Directory directory;
  const std::string path = directory / "a.lock.sqlite";
  WriteFile(path, "");
  IdleChild reader([&] { LockBytes(path, F_RDLCK, kSharedByte, 510); });
  CHECK(!IsSqliteLocked(path));
}

}  // namespace
}  // namespace gateway_lock::test
