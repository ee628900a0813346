# Builds os_tests_darwin on Linux, against the fakes in this folder (README.md). It consists of the
# macOS files of native/os, the POSIX tests and the macOS tests.
if(NOT CAN_WRAP_FSTAT)
  message(STATUS "os_tests_darwin is not built: the linker cannot redirect fstat() (--wrap)")
  return()
endif()
list(TRANSFORM ONE_SYSTEM REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/native/os/\\1_darwin.cc" OUTPUT_VARIABLE DARWIN_SOURCES)
get_target_property(POSIX_TESTS os_tests SOURCES)
add_executable(os_tests_darwin ${POSIX_TESTS} ${DARWIN_SOURCES}
  listener_darwin_test.cc
  darwin/fake_bind.cc
  darwin/fake_file_system.cc
  darwin/fake_kqueue.cc
  darwin/fake_libproc.cc
  darwin/fake_sysctl.cc
  darwin/fake_vnode.cc
  darwin/file_system_darwin_test.cc
  darwin/tcp_table.cc)
target_include_directories(os_tests_darwin BEFORE PRIVATE darwin/include .)
target_link_options(os_tests_darwin PRIVATE -Wl,--wrap=bind,--wrap=close,--wrap=flock,--wrap=fstat,--wrap=lstat)
target_link_libraries(os_tests_darwin PRIVATE gateway_lock_os Threads::Threads)
