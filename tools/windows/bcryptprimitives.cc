// bcryptprimitives.dll for Wine 8, which lacks it. Without it, vitest's bundler fails ("Cannot find
// native binding"). Used only under Wine.
#include <windows.h>

// advapi32 exports RtlGenRandom() under this name.
extern "C" BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG size);

extern "C" __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
  return SystemFunction036(bytes, static_cast<ULONG>(size));
}
