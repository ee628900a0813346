// For the published binaries only, where the C++ runtime is linked in: replaces what is large there
// and of no use to code without exceptions. The addon ends the process when memory is out, with
// these or without.
#include <cstddef>
#include <cstdlib>

// The default terminate handler prints the demangled type of an uncaught exception: 122 KiB for one
// line.
extern "C" char* __cxa_demangle(const char*, char*, std::size_t*, int* status) {
  constexpr int kInvalidName = -2;
  if (status != nullptr) *status = kInvalidName;
  return nullptr;
}

// libc++'s own are exported, and zig's Mach-O linker cannot be told otherwise; these are hidden by
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
