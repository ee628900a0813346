#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "test.h"
#include "unique_handle.h"

namespace gateway_lock::test {
namespace {

std::vector<NativeHandle> closed;
void Record(NativeHandle handle) noexcept { closed.push_back(handle); }
using Recorded = UniqueHandle<Record>;
using Handles = std::vector<NativeHandle>;

bool IsOpen(NativeHandle handle) { return fcntl(static_cast<int>(handle), F_GETFD) >= 0; }

TEST("a handle that was moved is closed only once, by its last owner") {
  {
    Recorded first(7);
    Recorded second(std::move(first));
    CHECK(!first.valid());  // NOLINT(bugprone-use-after-move)
    CHECK(second.get() == 7);
    CHECK(closed.empty());
  }
  CHECK(closed == Handles({7}));
}

TEST("move assignment closes the old handle of the target") {
  Recorded target(7);
  target = Recorded(8);
  CHECK(closed == Handles({7}));
  CHECK(target.get() == 8);
}

TEST("move assignment to itself keeps the handle open") {
  Recorded handle(7);
  Recorded& same = handle;
  handle = std::move(same);
  CHECK(closed.empty());
  CHECK(handle.get() == 7);
}

TEST("Take() returns the handle without closing it") {
  {
    Recorded handle(7);
    CHECK(handle.Take() == 7);
    CHECK(!handle.valid());
  }
  CHECK(closed.empty());
}

TEST("Reset() closes the old handle, if there is one, and stores the new handle") {
  Recorded handle;
  handle.Reset(7);
  CHECK(closed.empty());
  handle.Reset(8);
  CHECK(closed == Handles({7}));
  handle.Reset();
  handle.Reset();
  CHECK(closed == Handles({7, 8}));
}

TEST("the destructors of FileHandle and SocketHandle close their descriptors") {
  NativeHandle file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  NativeHandle connection = socket(AF_INET, SOCK_STREAM, 0);
  {
    FileHandle first(file);
    SocketHandle second(connection);
    CHECK(IsOpen(file) && IsOpen(connection));
  }
  CHECK(!IsOpen(file));
  CHECK(!IsOpen(connection));
}

}  // namespace
}  // namespace gateway_lock::test
