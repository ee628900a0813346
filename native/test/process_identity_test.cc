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
#include "process_identity.h"
#include "processes.h"
#include "test.h"

namespace gateway_lock::test {
namespace {

std::int64_t NowMs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

TEST("a process and its parent are alive, and each has its own start time") {
  ProcessIdentity self = ReadProcess(getpid());
  CHECK(self.alive && self.start_time != 0);
  CHECK(ReadProcess(getppid()).alive);
  CHECK(ReadProcess(getpid()).start_time == self.start_time);
}

TEST("the start time is the wall clock's, within seconds") {
  StandingChild child;
  std::int64_t age = NowMs() - ReadProcess(child.pid()).started_at_ms;
  CHECK(std::llabs(age) < 5000);
}

TEST("a process that starts later has a later start time") {
  ProcessIdentity first = ReadProcess(1);
  StandingChild child;
  CHECK(ReadProcess(child.pid()).start_time > first.start_time);
}

TEST("a zombie is dead, although its pid is not free yet") {
  StandingChild child;
  CHECK(ReadProcess(child.pid()).alive);
  child.BecomeZombie();
  CHECK(kill(child.pid(), 0) == 0);
  CHECK(!ReadProcess(child.pid()).alive);
}

TEST("a stopped process is alive: it keeps its locks") {
  StandingChild child;
  CHECK(kill(child.pid(), SIGSTOP) == 0);
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WSTOPPED | WNOWAIT) == 0);
  CHECK(ReadProcess(child.pid()).alive);
}

TEST("a pid that nobody has is dead and has no start time") {
  StandingChild child;
  child.End();
  for (std::int64_t pid : {std::int64_t{child.pid()}, std::int64_t{0}, std::int64_t{-1},
                           std::int64_t{INT32_MAX}, std::int64_t{1} << 40}) {
    ProcessIdentity process = ReadProcess(pid);
    CHECK(!process.alive && process.start_time == 0 && process.started_at_ms == 0);
  }
}

// A parser that splits at the first parenthesis reads this living process as a zombie.
TEST("a process whose name has blanks and parentheses is read like any other") {
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

// Stands still as a program with these arguments: the first three make it a shell that waits.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments) {
    int executed[2];
    int life[2];
    CHECK(pipe(executed) == 0 && pipe(life) == 0);
    CHECK(fcntl(executed[1], F_SETFD, FD_CLOEXEC) == 0);
    pid_ = fork();
    CHECK(pid_ >= 0);
    if (pid_ == 0) {
      dup2(life[0], 0);
      close(life[1]);
      std::vector<char*> words;
      for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      execv("/bin/sh", words.data());
      _exit(1);
    }
    close(executed[1]);
    close(life[0]);
    life_ = FileHandle(life[1]);
    char byte;
    CHECK(read(executed[0], &byte, 1) == 0);
    close(executed[0]);
  }
  ~Program() {
    life_.Reset();
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  FileHandle life_;
};

// While a program is being started it has none.
std::string CommandLineOf(const Program& program) {
  std::string line;
  for (int i = 0; line.empty() && i < 5000; i++) {
    line = CommandLine(program.pid());
    usleep(1000);
  }
  return line;
}

TEST("the command line is the program's name and arguments, each ended by a NUL, empty ones too") {
  Program program({"my name", "-c", "read _", "", "a\nb", ""});
  using namespace std::string_literals;
  CHECK(CommandLineOf(program) == "my name\0-c\0read _\0\0a\nb\0\0"s);
}

TEST("a command line that is longer than 4096 bytes is cut") {
  Program program({"sh", "-c", "read _", std::string(5000, 'x')});
  std::string line = CommandLineOf(program);
  CHECK(line.size() == 4096);
  CHECK(line.rfind(std::string("sh\0-c\0read _\0xxx", 16), 0) == 0);
}

TEST("what has ended, and what is no process, has no command line") {
  StandingChild child;
  CHECK(!CommandLine(child.pid()).empty());
  child.BecomeZombie();
  CHECK(CommandLine(child.pid()).empty());
  child.End();
  for (std::int64_t pid : {std::int64_t{child.pid()}, std::int64_t{0}, std::int64_t{-1},
                           std::int64_t{INT32_MAX}, std::int64_t{1} << 40}) {
    CHECK(CommandLine(pid).empty());
  }
}

TEST("the boot has an id that does not change, without a line end") {
  std::string id = BootId();
  CHECK(!id.empty());
  CHECK(id.find('\n') == std::string::npos);
  CHECK(BootId() == id);
}

}  // namespace
}  // namespace gateway_lock::test
