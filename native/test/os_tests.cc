// os_tests           runs every test, each in its own process
// os_tests --list    prints the titles of the tests
// os_tests TITLE     runs one test in this process: 0 passed, 1 failed, 77 skipped
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "test.h"
#include "test_process.h"

namespace gateway_lock::test {
namespace {

Test* first = nullptr;
Test** end = &first;

int List() {
  for (const Test* test = first; test != nullptr; test = test->next) std::puts(test->name);
  return 0;
}

int RunOne(const char* name) {
  for (const Test* test = first; test != nullptr; test = test->next) {
    if (std::strcmp(test->name, name) != 0) continue;
    test->run();
    return 0;
  }
  std::fprintf(stderr, "there is no test called '%s'\n", name);
  return 2;
}

int RunAll() {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const Test* test = first; test != nullptr; test = test->next) {
    int code = RunInChild(*test);
    ++(code == 0 ? passed : code == kSkipped ? skipped : failed);
    if (code != 0) {
      std::printf("%s: %s (%d)\n", code == kSkipped ? "skipped" : "FAILED", test->name, code);
    }
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}

}  // namespace

Test::Test(const char* title, void (*test)()) : name(title), run(test) {
  *end = this;
  end = &next;
}

void Fail(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed\n", file, line, condition);
  std::_Exit(1);
}

void Skip(const char* reason) {
  std::fprintf(stderr, "%s\n", reason);
  std::_Exit(kSkipped);
}

}  // namespace gateway_lock::test

int main(int argc, char** argv) {
  using namespace gateway_lock::test;  // NOLINT
  if (argc < 2) return RunAll();
  return std::strcmp(argv[1], "--list") == 0 ? List() : RunOne(argv[1]);
}
