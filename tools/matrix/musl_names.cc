// Symbols that Debian's libgcc_s or programs built with a later gcc import, but that musl lacks.
// tools/matrix/musl.mjs builds a libstdc++.so.6 that contains them. Only the runtimes of `npm run
// test:matrix` use this library; it is not published.
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED extern "C" __attribute__((visibility("default")))

// The mapped file at an address and the unwind tables of that file, declared as in glibc's
// <dlfcn.h>.
struct dl_find_object {
  unsigned long long flags;
  void* start;
  void* end;
  link_map* map;
  void* unwinding;
  unsigned long long reserved[7];
};

namespace {

struct Search {
  ElfW(Addr) address;
  dl_find_object* answer;
};

int search_file(dl_phdr_info* file, size_t, void* data) {
  const Search* search = static_cast<Search*>(data);
  bool inside = false;
  for (int i = 0; i < file->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = file->dlpi_phdr[i];
    ElfW(Addr) start = file->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_GNU_EH_FRAME) search->answer->unwinding = reinterpret_cast<void*>(start);
    if (part.p_type != PT_LOAD || search->address < start ||
        search->address >= start + part.p_memsz)
      continue;
    inside = true;
    search->answer->start = reinterpret_cast<void*>(start);
    search->answer->end = reinterpret_cast<void*>(start + part.p_memsz);
  }
  return inside ? 1 : 0;
}

}  // namespace

EXPORTED int _dl_find_object(void* address, dl_find_object* answer) {
  *answer = {};
  Search search{reinterpret_cast<ElfW(Addr)>(address), answer};
  bool found = dl_iterate_phdr(search_file, &search) == 1 && answer->unwinding != nullptr;
  return found ? 0 : -1;
}

// libgcc uses this to find out whether the program has threads.
EXPORTED int __pthread_key_create(pthread_key_t* key, void (*end)(void*)) {
  return pthread_key_create(key, end);
}

// libgcc_s exports the next two symbols only with an old symbol version, which musl does not find.
// No runtime of test:matrix reads the processor model.
EXPORTED int __cpu_indicator_init() { return 0; }
extern "C" {
__attribute__((visibility("default"))) unsigned __cpu_model[4];
}

// The part of std::string::replace() that gcc 13 moved from the header into the library. It is
// weak, so that the definition in a newer library takes precedence.
EXPORTED __attribute__((weak)) void
replace_cold(void*, char* at, size_t length, const char* text, size_t size, size_t behind) __asm__(
    "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm");
void replace_cold(void*, char* at, size_t length, const char* text, size_t size, size_t behind) {
  char* copy = static_cast<char*>(malloc(size + 1));
  if (copy == nullptr) abort();
  memcpy(copy, text, size);  // `text` may overlap the bytes that memmove() moves.
  memmove(at + size, at + length, behind);
  memcpy(at, copy, size);
  free(copy);
}
