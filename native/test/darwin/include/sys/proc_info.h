// The declarations from XNU's bsd/sys/proc_info.h that native/os uses.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>

#define PROC_ALL_PIDS 1
#define PROC_PIDLISTFDS 1
#define PROC_PIDFDSOCKETINFO 3
#define PROX_FDTYPE_VNODE 1
#define PROX_FDTYPE_SOCKET 2
#define SOCKINFO_TCP 2
#define TSI_S_CLOSED 0
#define TSI_S_LISTEN 1
#define TSI_S_ESTABLISHED 4
#define INI_IPV4 0x1
#define INI_IPV6 0x2

struct proc_fdinfo {
  std::int32_t proc_fd;
  std::uint32_t proc_fdtype;
};

struct in4in6_addr {
  std::uint32_t i46a_pad32[3];
  in_addr i46a_addr4;
};

struct in_sockinfo {
  int insi_fport;
  int insi_lport;  // in network byte order
  std::uint8_t insi_vflag;
  union {
    in4in6_addr ina_46;
    in6_addr ina_6;
  } insi_laddr;
};

struct tcp_sockinfo {
  in_sockinfo tcpsi_ini;
  int tcpsi_state;
};

struct socket_info {
  std::uint64_t soi_so;
  int soi_kind;
  union {
    tcp_sockinfo pri_tcp;
  } soi_proto;
};

struct socket_fdinfo {
  socket_info psi;
};
