// Small versions of a few libc++ functions, whose own source files contain much code that the addon
// never uses. Part of the published binaries only, because only they contain libc++
// (prebuild.cmake). No function here throws. Running out of memory ends the process, as in any
// program built without exceptions.
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <system_error>

// Replaces new.cpp, which also contains new-handlers. -fvisibility-global-new-delete=force-hidden
// hides these operators, which a Mach-O file would otherwise export.
void* operator new(std::size_t size) {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

// The vtable entry of a pure virtual function. Replaces libc++abi's version, which also prints a
// message.
extern "C" [[noreturn]] void __cxa_pure_virtual() { std::abort(); }

_LIBCPP_BEGIN_NAMESPACE_STD

// Replaces system_error.cpp, which also contains the classes and texts of all errors.
[[noreturn]] void __throw_system_error(int error, const char* where) {
  __libcpp_verbose_abort("%s: error %d\n", where, error);
}

// Replaces mutex.cpp, whose timed mutexes would add condition variables and threads.
void mutex::lock() {
  int error = __libcpp_mutex_lock(&__m_);
  if (error != 0) __throw_system_error(error, "mutex lock failed");
}
void mutex::unlock() noexcept { __libcpp_mutex_unlock(&__m_); }

// Replaces functional.cpp, which also contains the exception class of std::function.
size_t __hash_memory(_LIBCPP_NOESCAPE const void* memory, size_t size) noexcept {
  return __murmur2_or_cityhash<size_t>()(memory, size);
}

_LIBCPP_END_NAMESPACE_STD
