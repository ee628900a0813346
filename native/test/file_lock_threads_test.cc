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

struct Arena {
  std::string path;
  std::atomic<int> inside{0};
  std::atomic<int> entries{0};
};

// Releases and abandons in turn, so that both an empty path and a leftover file are raced for.
void Contend(Arena* arena, int wanted) {
  FileSystemCache file_systems;
  for (int entered = 0; entered < wanted;) {
    FileLock lock;
    Status status = FileLock::TryAcquire(arena->path, LockOptions(), &file_systems, &lock);
    CHECK(status.ok() || status.contended() || status.transient());
    if (!status.ok()) {
      std::this_thread::yield();
      continue;
    }
    CHECK(arena->inside.fetch_add(1) == 0);
    ++arena->entries;
    arena->inside.fetch_sub(1);
    if (++entered % 2 == 0) lock.Unlock();
    CHECK(lock.Release().ok());
  }
}

TEST("two threads, each with a lock object of its own, never both hold") {
  Directory directory;
  Arena arena;
  arena.path = directory / "a.lock";
  std::thread other(Contend, &arena, 500);
  Contend(&arena, 500);
  other.join();
  CHECK(arena.entries == 1000);
}

TEST("two threads that listen, ask and look up processes do not touch each other's memory") {
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
