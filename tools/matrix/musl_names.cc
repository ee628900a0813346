// What musl lacks of the names that Debian's libgcc_s and programs of a later gcc ask for: linked
// into the libstdc++.so.6 that tools/matrix/musl.mjs builds. Only the runtimes that the matrix
// tests see it, nothing that is published.
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED extern "C" __attribute__((visibility("default")))

// glibc's <dlfcn.h>: which mapped file an address lies in, and where its tables for unwinding are.
struct dl_find_object {
  unsigned long long flags;
  void* start;
  void* end;
  link_map* map;
  void* unwinding;
  unsigned long long reserved[7];
};

namespace {

struct Question {
  ElfW(Addr) address;
  dl_find_object* answer;
};

int look(dl_phdr_info* file, size_t, void* data) {
  const Question* question = static_cast<Question*>(data);
  bool inside = false;
  for (int i = 0; i < file->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = file->dlpi_phdr[i];
    ElfW(Addr) start = file->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_GNU_EH_FRAME)
      question->answer->unwinding = reinterpret_cast<void*>(start);
    if (part.p_type != PT_LOAD || question->address < start ||
        question->address >= start + part.p_memsz)
      continue;
    inside = true;
    question->answer->start = reinterpret_cast<void*>(start);
    question->answer->end = reinterpret_cast<void*>(start + part.p_memsz);
  }
  return inside ? 1 : 0;
}

}  // namespace

EXPORTED int _dl_find_object(void* address, dl_find_object* answer) {
  *answer = {};
  Question question{reinterpret_cast<ElfW(Addr)>(address), answer};
  bool found = dl_iterate_phdr(look, &question) == 1 && answer->unwinding != nullptr;
  return found ? 0 : -1;
}

// libgcc asks for it to learn whether there are threads.
EXPORTED int __pthread_key_create(pthread_key_t* key, void (*end)(void*)) {
  return pthread_key_create(key, end);
}

// libgcc_s has both under an old version's name only, which musl takes for not there. Nothing here
// asks for the processor.
EXPORTED int __cpu_indicator_init() { return 0; }
extern "C" {
__attribute__((visibility("default"))) unsigned __cpu_model[4];
}

// A part of std::string::replace() that gcc 13 moved out of its header; there the library's own
// comes before this one.
EXPORTED __attribute__((weak)) void
replace_cold(void*, char* at, size_t length, const char* text, size_t size, size_t behind) __asm__(
    "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm");
void replace_cold(void*, char* at, size_t length, const char* text, size_t size, size_t behind) {
  char* copy = static_cast<char*>(malloc(size + 1));
  if (copy == nullptr) abort();
  memcpy(copy, text, size);  // It may lie inside what is moved.
  memmove(at + size, at + length, behind);
  memcpy(at, copy, size);
  free(copy);
}
