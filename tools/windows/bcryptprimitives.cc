// bcryptprimitives.dll for Wine 8, which lacks it. The bundler inside vitest imports it and fails
// without it ("Cannot find native binding"). Used under Wine only.
#include <windows.h>

// RtlGenRandom: advapi32 exports it under this name only.
extern "C" BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG size);

extern "C" __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
  return SystemFunction036(bytes, static_cast<ULONG>(size));
}
