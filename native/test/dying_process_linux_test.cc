// Tests processes between SIGKILL and their end, when they no longer run their program but still
// hold their locks.
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "idle_child.h"
#include "process_identity.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

// Runs this process and the child on one CPU and gives the child the lowest priority, so that it
// does not run while this process does. Skips the test if this process may not choose its CPU.
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
  if (!placed) Skip("this process is not allowed to choose its CPU");
}

TEST(
    "a process counts as dead as soon as SIGKILL has been sent, even before the process runs "
    "again") {
  for (int i = 0; i < 20; i++) {
    IdleChild child;
    ShareOneCpuWith(child.pid());
    CHECK(ReadProcess(child.pid()).alive);
    CHECK(kill(child.pid(), SIGKILL) == 0);
    CHECK(!ReadProcess(child.pid()).alive);
  }
}

// The size of the child's memory in bytes. Freeing it takes the kernel long enough for the checks
// below.
constexpr std::size_t kMemory = std::size_t{128} << 20;

// Volatile, so that the compiler does not omit memory that nothing reads.
void* volatile memory = nullptr;

void AllocateMemory() {
  memory = malloc(kMemory);
  std::memset(memory, 1, kMemory);
}

bool IsZombie(pid_t child) {
  siginfo_t info = {};
  CHECK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT | WNOHANG) == 0);
  return info.si_pid != 0;
}

// Reads the process twice. The kernel prints the flags before the pending signals, so a read
// between the clearing of SIGKILL and the setting of PF_EXITING can miss both. The second read then
// finds PF_EXITING.
bool IsAliveTwice(pid_t child) { return ReadProcess(child).alive && ReadProcess(child).alive; }

// A child can end before the first check, so the test uses more children until it has made 100
// checks.
TEST("a killed process counts as dead while the kernel frees its memory") {
  for (int i = 0, checks = 0; checks < 100 && i < 20; i++) {
    IdleChild child(AllocateMemory);
    CHECK(ReadProcess(child.pid()).alive);
    CHECK(kill(child.pid(), SIGKILL) == 0);
    do {
      CHECK(!IsAliveTwice(child.pid()));
      checks++;
    } while (!IsZombie(child.pid()));
  }
}

TEST("a process that has called _exit() counts as dead while the kernel frees its memory") {
  bool seen = false;
  for (int i = 0; !seen && i < 50; i++) {
    IdleChild child([] {
      AllocateMemory();
      signal(SIGUSR1, [](int) { _exit(0); });
    });
    // The child then exits only while this process sleeps, and not while others use the CPU.
    ShareOneCpuWith(child.pid());
    CHECK(kill(child.pid(), SIGUSR1) == 0);
    for (bool zombie = false; !zombie;) {
      usleep(500);
      bool alive = ReadProcess(child.pid()).alive;
      zombie = IsZombie(child.pid());
      seen = seen || (!alive && !zombie);
    }
  }
  CHECK(seen);
}

// With PTRACE_O_TRACEEXIT, the child stops after it has received the signal and before it begins to
// exit.
TEST("a killed process counts as dead before it begins to exit") {
  IdleChild child;
  bool traced = ptrace(PTRACE_SEIZE, child.pid(), nullptr, PTRACE_O_TRACEEXIT) == 0;
  if (!traced) Skip("this process is not allowed to trace another process");
  CHECK(kill(child.pid(), SIGKILL) == 0);
  int status = 0;
  CHECK(waitpid(child.pid(), &status, 0) == child.pid());
  CHECK(status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)));
  CHECK(!ReadProcess(child.pid()).alive);
  CHECK(ptrace(PTRACE_CONT, child.pid(), nullptr, nullptr) == 0);
}

}  // namespace
}  // namespace gateway_lock::test
