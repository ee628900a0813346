// TEST("what holds") { CHECK(...); } and nothing else: the tests of native/os run without Node and
// without a framework, so that any sanitizer or debugger can have them.
#pragma once

namespace gateway_lock::test {

inline constexpr int kSkipped = 77;

struct Test {
  Test(const char* what, void (*test)());

  const char* name;
  void (*run)();
  Test* next = nullptr;
};

// Both end the process, and with it the test: each test has a process of its own.
[[noreturn]] void Fail(const char* file, int line, const char* condition);
[[noreturn]] void Skip(const char* reason);

}  // namespace gateway_lock::test

#define CHECK(condition) \
  ((condition) ? void() : ::gateway_lock::test::Fail(__FILE__, __LINE__, #condition))

#define TEST_JOIN_(a, b) a##b
#define TEST_NAME_(prefix, line) TEST_JOIN_(prefix, line)
#define TEST(what)                                                                                \
  static void TEST_NAME_(Test, __LINE__)();                                                       \
  static ::gateway_lock::test::Test TEST_NAME_(registered, __LINE__)(what,                        \
                                                                     TEST_NAME_(Test, __LINE__)); \
  static void TEST_NAME_(Test, __LINE__)()
