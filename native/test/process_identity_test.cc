#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "directory.h"
#include "idle_child.h"
#include "process_identity.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

std::int64_t NowMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::vector<std::int64_t> PidsWithoutProcess(pid_t ended) {
  return {ended, 0, -1, INT32_MAX, std::int64_t{1} << 40};
}

TEST(
    "the test's own process and its parent are reported as alive, and the start time does not "
    "change") {
  ProcessIdentity self = ReadProcess(getpid());
  CHECK(self.alive && self.start_time != 0);
  CHECK(ReadProcess(getppid()).alive);
  CHECK(ReadProcess(getpid()).start_time == self.start_time);
}

TEST("the reported start time of a new process differs from the wall clock by less than 5 s") {
  IdleChild child;
  std::int64_t age = NowMs() - ReadProcess(child.pid()).started_at_ms;
  CHECK(std::llabs(age) < 5000);
}

TEST("a process that starts later has a later start time") {
  ProcessIdentity first = ReadProcess(1);
  IdleChild child;
  CHECK(ReadProcess(child.pid()).start_time > first.start_time);
}

TEST("a zombie counts as dead, although its pid still exists") {
  IdleChild child;
  CHECK(ReadProcess(child.pid()).alive);
  child.BecomeZombie();
  CHECK(kill(child.pid(), 0) == 0);
  CHECK(!ReadProcess(child.pid()).alive);
}

TEST("a stopped process counts as alive, because it keeps its locks") {
  IdleChild child;
  CHECK(kill(child.pid(), SIGSTOP) == 0);
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WSTOPPED | WNOWAIT) == 0);
  CHECK(ReadProcess(child.pid()).alive);
}

TEST("a pid without a process counts as dead and has no start time") {
  IdleChild child;
  child.End();
  for (std::int64_t pid : PidsWithoutProcess(child.pid())) {
    ProcessIdentity process = ReadProcess(pid);
    CHECK(!process.alive && process.start_time == 0 && process.started_at_ms == 0);
  }
}

// A parser that stops at the first parenthesis in /proc/PID/stat would read this process as a
// zombie.
TEST("a process whose name contains blanks and parentheses is read correctly") {
  Directory directory;
  const std::string program = directory / "a) Z 1 (b";
  CHECK(symlink("/bin/sleep", program.c_str()) == 0);
  int executed[2];
  CHECK(pipe(executed) == 0);
  CHECK(fcntl(executed[1], F_SETFD, FD_CLOEXEC) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    execl(program.c_str(), "sleep", "60", nullptr);
    _exit(1);
  }
  close(executed[1]);
  char byte;
  CHECK(read(executed[0], &byte, 1) == 0);
  ProcessIdentity process = ReadProcess(child);
  kill(child, SIGKILL);
  CHECK(waitpid(child, nullptr, 0) == child);
  CHECK(process.alive);
  CHECK(process.start_time >= ReadProcess(getpid()).start_time);
  CHECK(std::llabs(NowMs() - process.started_at_ms) < 5000);
}

// A shell that runs with the given arguments until it is destroyed. The first three arguments must
// be a name, -c and "read _".
class IdleShell {
 public:
  explicit IdleShell(const std::vector<std::string>& arguments) {
    int executed[2];
    int lifeline[2];
    CHECK(pipe(executed) == 0 && pipe(lifeline) == 0);
    CHECK(fcntl(executed[1], F_SETFD, FD_CLOEXEC) == 0);
    pid_ = fork();
    CHECK(pid_ >= 0);
    if (pid_ == 0) {
      dup2(lifeline[0], 0);
      close(lifeline[1]);
      std::vector<char*> words;
      for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      execv("/bin/sh", words.data());
      _exit(1);
    }
    close(executed[1]);
    close(lifeline[0]);
    lifeline_ = FileHandle(lifeline[1]);
    char byte;
    CHECK(read(executed[0], &byte, 1) == 0);
    close(executed[0]);
  }
  ~IdleShell() {
    lifeline_.Reset();
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  FileHandle lifeline_;
};

// Returns the shell's command line. Waits for it, because a process has none while execve() runs.
std::string CommandLineOf(const IdleShell& shell) {
  std::string line;
  for (int i = 0; line.empty() && i < 5000; i++) {
    line = CommandLine(shell.pid());
    usleep(1000);
  }
  return line;
}

TEST(
    "a command line consists of the name and all arguments, including empty arguments, each "
    "followed by a NUL") {
  IdleShell shell({"my name", "-c", "read _", "", "a\nb", ""});
  using namespace std::string_literals;
  CHECK(CommandLineOf(shell) == "my name\0-c\0read _\0\0a\nb\0\0"s);
}

TEST("a command line longer than 4096 bytes is truncated") {
  IdleShell shell({"sh", "-c", "read _", std::string(5000, 'x')});
  std::string line = CommandLineOf(shell);
  CHECK(line.size() == 4096);
  CHECK(line.rfind(std::string("sh\0-c\0read _\0xxx", 16), 0) == 0);
}

TEST("a zombie and a pid without a process have no command line") {
  IdleChild child;
  CHECK(!CommandLine(child.pid()).empty());
  child.BecomeZombie();
  CHECK(CommandLine(child.pid()).empty());
  child.End();
  for (std::int64_t pid : PidsWithoutProcess(child.pid())) {
    CHECK(CommandLine(pid).empty());
  }
}

TEST("the boot id does not change and does not end with a newline") {
  std::string id = BootId();
  CHECK(!id.empty());
  CHECK(id.find('\n') == std::string::npos);
  CHECK(BootId() == id);
}

}  // namespace
}  // namespace gateway_lock::test
