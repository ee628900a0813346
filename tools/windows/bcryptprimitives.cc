// bcryptprimitives.dll for Wine 8, which has none. The bundler inside vitest imports it, and without it fails with "Cannot
// find native binding". Windows itself never sees this file.
#include <windows.h>

// RtlGenRandom, under the only name by which advapi32 exports it.
extern "C" BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG size);

extern "C" __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
  return SystemFunction036(bytes, static_cast<ULONG>(size));
}
