// A process between SIGKILL and its end: it no longer runs, and still has its locks.
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "process_identity.h"
#include "processes.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// Both on one CPU, which the child gets only when the parent leaves it: it stays where kill() puts
// it. Skips where this process may not choose its CPU.
void ShareOneCpuWith(pid_t child) {
  cpu_set_t cpus;
  CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &cpus)) cpu++;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_param none = {};
  bool placed = sched_setaffinity(0, sizeof cpus, &cpus) == 0 &&
                sched_setaffinity(child, sizeof cpus, &cpus) == 0 &&
                sched_setscheduler(child, SCHED_IDLE, &none) == 0;
  if (!placed) Skip("this process may not choose its CPU");
}

TEST("a process is dead as soon as SIGKILL is sent, before it has run again") {
  for (int i = 0; i < 20; i++) {
    StandingChild child;
    ShareOneCpuWith(child.pid());
    CHECK(ReadProcess(child.pid()).alive);
    CHECK(kill(child.pid(), SIGKILL) == 0);
    CHECK(!ReadProcess(child.pid()).alive);
  }
}

constexpr std::size_t kMuchMemory = std::size_t{128} << 20;

void UseMuchMemory() { std::memset(malloc(kMuchMemory), 1, kMuchMemory); }

bool IsZombie(pid_t child) {
  siginfo_t info = {};
  CHECK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT | WNOHANG) == 0);
  return info.si_pid != 0;
}

// The kernel prints the flags before the pending signals. If it takes the SIGKILL off the one and
// sets the other between the two, one look sees neither; the next one does. src/gateway asks twice,
// too.
bool IsAliveTwice(pid_t child) { return ReadProcess(child).alive && ReadProcess(child).alive; }

// A child that was already gone at the first look proves nothing, so there are several.
TEST("a killed process is dead while its memory is being given back") {
  for (int i = 0, looks = 0; looks < 100 && i < 20; i++) {
    StandingChild child(UseMuchMemory);
    CHECK(ReadProcess(child.pid()).alive);
    CHECK(kill(child.pid(), SIGKILL) == 0);
    do {
      CHECK(!IsAliveTwice(child.pid()));
      looks++;
    } while (!IsZombie(child.pid()));
  }
}

TEST("a process that exits by itself is dead while its memory is being given back") {
  bool seen = false;
  for (int i = 0; !seen && i < 50; i++) {
    StandingChild child([] {
      UseMuchMemory();
      signal(SIGUSR1, [](int) { _exit(0); });
    });
    CHECK(kill(child.pid(), SIGUSR1) == 0);
    for (bool zombie = false; !zombie;) {
      bool alive = ReadProcess(child.pid()).alive;
      zombie = IsZombie(child.pid());
      seen = seen || (!alive && !zombie);
    }
  }
  CHECK(seen);
}

// It stands where the tracer stops it: the signal is taken off, and it is not yet exiting.
TEST("a killed process is dead before it begins to exit") {
  StandingChild child;
  bool traced = ptrace(PTRACE_SEIZE, child.pid(), nullptr, PTRACE_O_TRACEEXIT) == 0;
  if (!traced) Skip("this process may not trace another one");
  CHECK(kill(child.pid(), SIGKILL) == 0);
  int status = 0;
  CHECK(waitpid(child.pid(), &status, 0) == child.pid());
  CHECK(status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)));
  CHECK(!ReadProcess(child.pid()).alive);
  CHECK(ptrace(PTRACE_CONT, child.pid(), nullptr, nullptr) == 0);
}

}  // namespace
}  // namespace gateway_lock::test
