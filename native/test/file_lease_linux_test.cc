#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "acquiring.h"
#include "directory.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

TEST(
    "an attempt on a file that another program has leased reports the transient failure "
    "'file-lease'") {
  Directory directory;
  const std::string path = directory / "a.lock";
  WriteFile(path, "");
  FileHandle file(open(path.c_str(), O_RDONLY));
  if (fcntl(static_cast<int>(file.get()), F_SETLEASE, F_RDLCK) != 0)
    Skip("this file system does not support leases");
  CHECK(fcntl(static_cast<int>(file.get()), F_SETSIG, SIGCHLD) == 0);
  FileLock lock;
  Status status = TryAcquire(path, &lock);
  CHECK(status.sys_code == EAGAIN && std::strcmp(status.detail, "file-lease") == 0);
}

}  // namespace
}  // namespace gateway_lock::test
