// For the published binaries only, where libc++ is linked in (prebuild.cmake): what its own files
// define together with much that the addon never uses. Nothing here throws: the addon ends the
// process when memory is out, as whatever is built without exceptions does.
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <system_error>

// new.cpp has handlers besides; and Mach-O would export its operators, which are hidden here by
// -fvisibility-global-new-delete=force-hidden.
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

// What stands in the table of an abstract class; libc++abi's prints.
extern "C" [[noreturn]] void __cxa_pure_virtual() { std::abort(); }

_LIBCPP_BEGIN_NAMESPACE_STD

// system_error.cpp has the classes and texts of all errors besides.
[[noreturn]] void __throw_system_error(int error, const char* where) {
  __libcpp_verbose_abort("%s: error %d\n", where, error);
}

// mutex.cpp has those with a timeout besides, which are made of condition variables and threads.
void mutex::lock() {
  int error = __libcpp_mutex_lock(&__m_);
  if (error != 0) __throw_system_error(error, "mutex lock failed");
}
void mutex::unlock() noexcept { __libcpp_mutex_unlock(&__m_); }

// functional.cpp has the exception of std::function besides.
size_t __hash_memory(_LIBCPP_NOESCAPE const void* memory, size_t size) noexcept {
  return __murmur2_or_cityhash<size_t>()(memory, size);
}

_LIBCPP_END_NAMESPACE_STD
