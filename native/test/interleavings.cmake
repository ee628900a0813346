# `interleavings` runs every schedule of several processes that use native/os, on a simulated kernel
# (interleavings_kernel.h).
check_cxx_source_compiles("#include <ucontext.h>
  int main() { ucontext_t c; return swapcontext(&c, &c); }" CAN_SWAP_CONTEXTS)
if(NOT (CAN_WRAP_FSTAT AND CAN_SWAP_CONTEXTS))
  message(STATUS "interleavings is not built: it needs swapcontext(), and a linker that can redirect fstat() (--wrap)")
  return()
endif()
set(INTERLEAVED_CALLS open close flock fstat lstat stat unlink fchmod fstatfs pread pwrite ftruncate)
list(TRANSFORM INTERLEAVED_CALLS PREPEND "-Wl,--wrap=" OUTPUT_VARIABLE WRAPPED)
add_executable(interleavings
  ${CMAKE_CURRENT_LIST_DIR}/os_tests.cc
  ${CMAKE_CURRENT_LIST_DIR}/test_process_posix.cc
  ${CMAKE_CURRENT_LIST_DIR}/interleavings_calls.cc
  ${CMAKE_CURRENT_LIST_DIR}/interleavings_kernel.cc
  ${CMAKE_CURRENT_LIST_DIR}/interleavings_real_kernel.cc
  ${CMAKE_CURRENT_LIST_DIR}/interleavings_scenarios.cc
  ${CMAKE_CURRENT_LIST_DIR}/interleavings_scheduler.cc
  ${CMAKE_CURRENT_LIST_DIR}/interleavings_test.cc)
target_link_options(interleavings PRIVATE ${WRAPPED})
target_link_libraries(interleavings PRIVATE ${OS_LIBRARIES})
