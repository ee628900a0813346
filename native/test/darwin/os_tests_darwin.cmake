# os_tests_darwin: the files of macOS and the tests of every POSIX system, on Linux, against the fakes in this folder (README.md).
# Included where os_tests has no test of Linux's own yet.
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("extern \"C\" char fstat(); int main() { return fstat(); }" FSTAT_IS_A_FUNCTION)
if(NOT FSTAT_IS_A_FUNCTION)
  message(STATUS "os_tests_darwin is not built: before glibc 2.33 fstat() is no function that --wrap could send elsewhere")
  return()
endif()
set(FAKES native/test/darwin)
list(TRANSFORM ONE_SYSTEM REPLACE "(.+)" "native/os/\\1_darwin.cc" OUTPUT_VARIABLE DARWIN_SOURCES)
get_target_property(POSIX_TESTS os_tests SOURCES)
add_executable(os_tests_darwin ${POSIX_TESTS} ${DARWIN_SOURCES}
  native/test/listener_darwin_test.cc
  ${FAKES}/file_system_darwin_test.cc
  native/test/release_watch_darwin_test.cc
  ${FAKES}/fake_bind.cc
  ${FAKES}/fake_file_system.cc
  ${FAKES}/fake_kqueue.cc
  ${FAKES}/fake_libproc.cc
  ${FAKES}/fake_sysctl.cc
  ${FAKES}/fake_vnode.cc
  ${FAKES}/tcp_table.cc)
target_include_directories(os_tests_darwin BEFORE PRIVATE ${FAKES}/include native/test)
target_link_options(os_tests_darwin PRIVATE -Wl,--wrap=bind,--wrap=close,--wrap=flock,--wrap=fstat,--wrap=lstat)
target_link_libraries(os_tests_darwin PRIVATE gateway_lock_os Threads::Threads)
set_target_properties(os_tests_darwin PROPERTIES RUNTIME_OUTPUT_DIRECTORY $<1:${CMAKE_BINARY_DIR}/tests>)
