// Defines a test: TEST("a sentence that is true") { CHECK(...); }
//
// The tests of native/os need neither Node nor a test framework, so they run under any sanitizer or
// debugger.
#pragma once

namespace gateway_lock::test {

inline constexpr int kSkipped = 77;

struct Test {
  Test(const char* title, void (*test)());

  const char* name;
  void (*run)();
  Test* next = nullptr;
};

// Each test runs in a separate process, which Fail() and Skip() end.
[[noreturn]] void Fail(const char* file, int line, const char* condition);
[[noreturn]] void Skip(const char* reason);

}  // namespace gateway_lock::test

#define CHECK(condition) \
  ((condition) ? void() : ::gateway_lock::test::Fail(__FILE__, __LINE__, #condition))

#define TEST_JOIN_(a, b) a##b
#define TEST_NAME_(prefix, line) TEST_JOIN_(prefix, line)
#define TEST(title)                                                                               \
  static void TEST_NAME_(Test, __LINE__)();                                                       \
  static ::gateway_lock::test::Test TEST_NAME_(registered, __LINE__)(title,                       \
                                                                     TEST_NAME_(Test, __LINE__)); \
  static void TEST_NAME_(Test, __LINE__)()
