// Usage: tracer COMMAND...
// Runs a command and intervenes at one exact system call.
//
// The command runs untraced until it writes a byte to descriptor 4. The tracer then attaches, and
// lets the command continue by writing a byte to its descriptor 5. From then on the command sends
// marks to the tracer, as access(2) calls with these paths:
//   /torture/begin/ACTION/THREAD/INDEX/VALUE/NUMBER
//                                      begins the window: counts the calls of each thread from 1
//   /torture/held, /torture/released   the command believes that it holds the lock, or that it no
//                                      longer holds the lock
//   /torture/end                       ends the window
// THREAD 0 is the main thread. 1, 2, ... are the threads that were created after the attach. The
// calls of older threads (V8's) are not counted.
// ACTION is one of:
//   trace         report each call
//   pause-entry   stop before the call with this INDEX
//   pause-exit    stop after the call with this INDEX
//   skip          do not make the call; let it return VALUE
//   override      make the call, but let it return VALUE
//   short         make the call with half of its bytes
// The first three count every call. The last three count only the addon's calls with this NUMBER,
// because the calls that V8 makes differ from run to run.
//
// The tracer reports on descriptor 3, one line per report:
//   begin                                         the window has begun
//   call THREAD INDEX NUMBER RESULT ORDINAL HELD PATH
//                                                 ORDINAL counts the addon's calls with this NUMBER;
//                                                 0 for other calls. HELD: 1 between the marks held
//                                                 and released. PATH: - if there is none.
//   hit THREAD INDEX NUMBER HELD PID              the command is paused; the next byte on descriptor 0
//                                                 kills it (k) or continues it (g)
//   done THREAD INDEX NUMBER                      a call was skipped, overridden or shortened
//   missed                                        the window ended before the call was made
//   exec PID | exit CODE | signal NUMBER          the command has changed its program, or ended
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

#ifndef __x86_64__
#error "The tracer changes registers of x86-64 only."
#endif

enum { kReport = 3, kReady = 4, kGo = 5, kMaxThreads = 256, kStackBytes = 768, kNotCounted = -1, kNumbers = 512 };

struct thread {
  pid_t id;
  int role;
  long index;                  // of the current call; 0 if it is not counted
  long count;                  // calls since the window began
  uint64_t number;             // of the current call
  unsigned ordinal;            // of the addon's calls with this number; 0 for another call
  unsigned ordinals[kNumbers]; // the addon's calls so far, by number
  int change;                  // true if the result is to be replaced at the exit
  char path[256];
};

static struct thread threads[kMaxThreads];
static int thread_count;
static pid_t victim;
static int window, held, attached_all;
static char action[16];
static long wanted_role, wanted_index, wanted_number, value;
static int reached;
static uint64_t addon_begin, addon_end;

static void fail(const char* what) {
  perror(what);
  if (victim > 0) kill(victim, SIGKILL);
  exit(70);
}

static struct thread* find(pid_t id) {
  for (int i = 0; i < thread_count; ++i) {
    if (threads[i].id == id) return &threads[i];
  }
  return NULL;
}

static int free_role(void) {
  if (!attached_all) return kNotCounted;
  for (int role = 1;; ++role) {
    int used = 0;
    for (int i = 0; i < thread_count; ++i) used |= threads[i].role == role;
    if (!used) return role;
  }
}

static struct thread* add(pid_t id) {
  if (thread_count == kMaxThreads) fail("too many threads");
  struct thread* thread = &threads[thread_count];
  memset(thread, 0, sizeof *thread);
  thread->role = id == victim ? 0 : free_role();
  thread->id = id;
  ++thread_count;
  return thread;
}

static void drop(pid_t id) {
  struct thread* thread = find(id);
  if (thread != NULL) *thread = threads[--thread_count];
}

static int read_text(uint64_t address, char* text, size_t size) {
  struct iovec local = {text, size - 1};
  struct iovec remote = {(void*)address, size - 1};
  ssize_t count = process_vm_readv(victim, &local, 1, &remote, 1, 0);
  // Reads up to the end of this page, because the next page may not be mapped.
  if (count < 0) {
    remote.iov_len = local.iov_len = 4096 - address % 4096 < size - 1 ? 4096 - address % 4096 : size - 1;
    count = process_vm_readv(victim, &local, 1, &remote, 1, 0);
  }
  text[count < 0 ? 0 : count] = 0;
  return count >= 0;
}

static int path_argument(uint64_t number) {
  switch (number) {
    case SYS_open: case SYS_stat: case SYS_lstat: case SYS_access: case SYS_mkdir: case SYS_unlink: case SYS_chmod:
    case SYS_readlink: case SYS_statfs: case SYS_execve:
      return 0;
    case SYS_openat: case SYS_newfstatat: case SYS_statx: case SYS_faccessat: case SYS_faccessat2: case SYS_mkdirat:
    case SYS_unlinkat: case SYS_readlinkat: case SYS_inotify_add_watch:
      return 1;
    default:
      return -1;
  }
}

static void find_addon(void) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/maps", victim);
  FILE* maps = fopen(name, "r");
  char line[1024];
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long begin, end;
    char mode[8];
    if (strstr(line, "gateway_lock") == NULL || sscanf(line, "%lx-%lx %7s", &begin, &end, mode) != 3) continue;
    if (mode[2] != 'x') continue;
    addon_begin = begin;
    addon_end = end;
  }
  if (maps != NULL) fclose(maps);
}

// Returns 1 if the addon made the call: a return address near the top of the stack then points into
// the addon.
static int made_by_addon(uint64_t stack) {
  uint64_t words[kStackBytes / 8];
  struct iovec local = {words, sizeof words};
  struct iovec remote = {(void*)stack, sizeof words};
  ssize_t count = process_vm_readv(victim, &local, 1, &remote, 1, 0);
  for (ssize_t i = 0; i < count / 8; ++i) {
    if (words[i] >= addon_begin && words[i] < addon_end) return 1;
  }
  return 0;
}

static void begin_window(const char* request) {
  memset(action, 0, sizeof action);
  if (sscanf(request, "%15[^/]/%ld/%ld/%ld/%ld", action, &wanted_role, &wanted_index, &value, &wanted_number) < 1) fail("malformed /torture/begin mark");
  for (int i = 0; i < thread_count; ++i) {
    threads[i].count = threads[i].index = 0;
    memset(threads[i].ordinals, 0, sizeof threads[i].ordinals);
  }
  find_addon();
  reached = 0;
  window = 1;
  dprintf(kReport, "begin\n");
}

// Returns 1 if the call is a mark of the victim, and not a call of the scenario.
static int mark(const char* path) {
  if (strncmp(path, "/torture/", 9) != 0) return 0;
  if (strncmp(path + 9, "begin/", 6) == 0) begin_window(path + 15);
  if (strcmp(path + 9, "held") == 0) held = 1;
  if (strcmp(path + 9, "released") == 0) held = 0;
  if (strcmp(path + 9, "end") == 0) {
    if (!reached && strcmp(action, "trace") != 0) dprintf(kReport, "missed\n");
    window = 0;
  }
  return 1;
}

static struct user_regs_struct registers_of(pid_t id) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, id, NULL, &registers) != 0) memset(&registers, 0, sizeof registers);
  return registers;
}

static void pause_at(struct thread* thread) {
  dprintf(kReport, "hit %d %ld %lu %d %d\n", thread->role, thread->index, (unsigned long)thread->number, held, victim);
  char answer = 'k';
  if (read(0, &answer, 1) != 1 || answer == 'k') kill(victim, SIGKILL);
}

static int is_wanted(const struct thread* thread, const char* what) {
  return window && !reached && thread->index > 0 && thread->role == wanted_role && thread->index == wanted_index &&
         strcmp(action, what) == 0;
}

static int is_wanted_of_addon(const struct thread* thread, const char* what) {
  return window && !reached && thread->role == wanted_role && thread->ordinal == (unsigned long)wanted_index &&
         thread->number == (uint64_t)wanted_number && strcmp(action, what) == 0;
}

static void report_change(struct thread* thread) {
  reached = 1;
  dprintf(kReport, "done %d %ld %lu\n", thread->role, thread->index, (unsigned long)thread->number);
}

static void at_entry(struct thread* thread, const struct ptrace_syscall_info* info) {
  thread->index = 0;
  thread->number = info->entry.nr;
  int argument = path_argument(thread->number);
  strcpy(thread->path, "-");
  if (argument >= 0) read_text(info->entry.args[argument], thread->path, sizeof thread->path);
  if ((thread->number == SYS_access || thread->number == SYS_faccessat) && mark(thread->path)) return;
  if (!window || thread->role == kNotCounted) return;
  thread->index = ++thread->count;
  int addons = thread->number < kNumbers && made_by_addon(info->stack_pointer);
  thread->ordinal = addons ? ++thread->ordinals[thread->number] : 0;
  if (is_wanted(thread, "pause-entry")) {
    reached = 1;
    pause_at(thread);
  }
  int skip = is_wanted_of_addon(thread, "skip");
  int shorten = is_wanted_of_addon(thread, "short");
  if (addons && (skip || shorten || is_wanted_of_addon(thread, "override"))) {
    struct user_regs_struct registers = registers_of(thread->id);
    if (skip) registers.orig_rax = (unsigned long long)-1;
    if (shorten) registers.rdx /= 2;
    thread->change = !shorten;
    ptrace(PTRACE_SETREGS, thread->id, NULL, &registers);
    report_change(thread);
  }
}

static void at_exit(struct thread* thread, const struct ptrace_syscall_info* info) {
  if (thread->change) {
    struct user_regs_struct registers = registers_of(thread->id);
    registers.rax = (unsigned long long)value;
    ptrace(PTRACE_SETREGS, thread->id, NULL, &registers);
    thread->change = 0;
  }
  if (thread->index == 0 || !window) return;
  if (strcmp(action, "trace") == 0) {
    dprintf(kReport, "call %d %ld %lu %ld %u %d %s\n", thread->role, thread->index, (unsigned long)thread->number,
            (long)info->exit.rval, thread->ordinal, held, thread->path);
  }
  if (is_wanted(thread, "pause-exit")) {
    reached = 1;
    pause_at(thread);
  }
}

static void at_call(pid_t id) {
  struct thread* thread = find(id);
  if (thread == NULL) thread = add(id);
  struct ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) at_entry(thread, &info);
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) at_exit(thread, &info);
}

// Returns 1 when the victim has ended.
static int at_end(pid_t id, int status) {
  if (id != victim) {
    drop(id);
    return 0;
  }
  if (WIFEXITED(status)) dprintf(kReport, "exit %d\n", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) dprintf(kReport, "signal %d\n", WTERMSIG(status));
  return 1;
}

// Returns 1 when no process is left to trace.
static int at_stop(pid_t id, int status) {
  int signal = WSTOPSIG(status);
  int event = status >> 16;
  if (event == PTRACE_EVENT_EXEC) {
    dprintf(kReport, "exec %d\n", victim);
    ptrace(PTRACE_DETACH, id, NULL, 0);
    while (waitpid(victim, &status, 0) != victim) continue;
    return at_end(victim, status);
  }
  if (event == PTRACE_EVENT_STOP) {
    if (find(id) == NULL) add(id);
    int stopped = signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
    ptrace(stopped ? PTRACE_LISTEN : PTRACE_SYSCALL, id, NULL, 0);
    return 0;
  }
  if (signal == (SIGTRAP | 0x80)) at_call(id);
  int deliver = event != 0 || signal == (SIGTRAP | 0x80) ? 0 : signal;
  ptrace(PTRACE_SYSCALL, id, NULL, deliver);
  return 0;
}

static void attach_all(void) {
  char name[64];
  snprintf(name, sizeof name, "/proc/%d/task", victim);
  DIR* tasks = opendir(name);
  if (tasks == NULL) fail("opendir");
  struct dirent* entry;
  while ((entry = readdir(tasks)) != NULL) {
    pid_t id = atoi(entry->d_name);
    if (id == 0) continue;
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, id, NULL, options) != 0) fail("PTRACE_SEIZE");
    add(id);
    if (ptrace(PTRACE_INTERRUPT, id, NULL, 0) != 0) fail("PTRACE_INTERRUPT");
  }
  closedir(tasks);
  // A thread must stop once before PTRACE_SYSCALL can be used on it.
  for (int left = thread_count; left > 0; --left) {
    int status;
    pid_t id = waitpid(-1, &status, __WALL);
    if (id < 0 || at_stop(id, status)) fail("attach");
  }
  attached_all = 1;
}

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  int ready[2], go[2];
  if (pipe(ready) != 0 || pipe(go) != 0) fail("pipe");
  victim = fork();
  if (victim == 0) {
    int ready_write = dup(ready[1]), go_read = dup(go[0]);
    dup2(ready_write, 100);
    dup2(go_read, 101);
    for (int fd = 3; fd < 100; ++fd) close(fd);
    dup2(100, kReady);
    dup2(101, kGo);
    close(100);
    close(101);
    close(0);
    execvp(argv[1], argv + 1);
    _exit(71);
  }
  close(ready[1]);
  close(go[0]);
  char byte;
  if (read(ready[0], &byte, 1) != 1) fail("the command ended before it was ready");
  attach_all();
  if (write(go[1], "g", 1) != 1) fail("write");
  for (;;) {
    int status;
    pid_t id = waitpid(-1, &status, __WALL);
    if (id < 0 && errno == EINTR) continue;
    if (id < 0) return 0;
    if (WIFSTOPPED(status) ? at_stop(id, status) : at_end(id, status)) return 0;
  }
}
