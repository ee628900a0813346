#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "directory.h"
#include "file_lock.h"
#include "listener.h"
#include "port_probe.h"
#include "process_identity.h"
#include "test.h"
#include "test_process.h"

namespace gateway_lock::test {
namespace {

struct SharedState {
  std::string path;
  std::atomic<int> holders{0};
  std::atomic<int> acquired{0};
};

// Acquires the lock `wanted` times. Every second time only unlocks, so that the threads race for a
// leftover file as well as for a missing one.
void AcquireRepeatedly(SharedState* state, int wanted) {
  FileSystemCache file_systems;
  for (int acquired = 0; acquired < wanted;) {
    FileLock lock;
    Status status = FileLock::TryAcquire(state->path, LockOptions(), &file_systems, &lock);
    CHECK(status.ok() || status.contended() || status.transient());
    if (!status.ok()) {
      std::this_thread::yield();
      continue;
    }
    CHECK(state->holders.fetch_add(1) == 0);
    ++state->acquired;
    state->holders.fetch_sub(1);
    if (++acquired % 2 == 0) lock.Unlock();
    CHECK(lock.Release().ok());
  }
}

TEST("two threads with separate lock objects never hold the lock at the same time") {
  Directory directory;
  SharedState state;
  state.path = directory / "a.lock";
  std::thread other(AcquireRepeatedly, &state, 500);
  AcquireRepeatedly(&state, 500);
  other.join();
  CHECK(state.acquired == 1000);
}

TEST("two threads can listen, probe ports and read processes at the same time") {
  auto work = [] {
    for (int round = 0; round < 50; ++round) {
      Listener listener;
      CHECK(Listener::Listen({"127.0.0.1", 0}, 8, &listener).ok());
      ConnectResult answer;
      CHECK(ProbePort(listener.endpoint(), &answer).ok());
      CHECK(answer == ConnectResult::kAccepted);
      CHECK(ReadProcess(OwnPid()).alive);
      CHECK(!BootId().empty());
    }
  };
  std::thread other(work);
  work();
  other.join();
}

}  // namespace
}  // namespace gateway_lock::test
