// SPDX-License-Identifier: Apache-2.0
// Prints the numbers that LayoutsTest holds: cc layouts.c -o layouts && ./layouts
#define _GNU_SOURCE
#include <linux/stat.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#define SIZE(type) printf("%s: %zu\n", #type, sizeof(struct type))
#define OFFSET(type, field) printf("  .%s at %zu\n", #field, offsetof(struct type, field))

int main(void) {
  SIZE(msghdr);
  OFFSET(msghdr, msg_iov);
  OFFSET(msghdr, msg_iovlen);
  OFFSET(msghdr, msg_control);
  OFFSET(msghdr, msg_controllen);
  OFFSET(msghdr, msg_flags);
  SIZE(iovec);
  OFFSET(iovec, iov_base);
  OFFSET(iovec, iov_len);
  SIZE(cmsghdr);
  OFFSET(cmsghdr, cmsg_len);
  OFFSET(cmsghdr, cmsg_level);
  OFFSET(cmsghdr, cmsg_type);
  printf("CMSG_LEN(4): %zu\n", (size_t) CMSG_LEN(4));
  printf("CMSG_SPACE(4), (8), (253 * 4): %zu, %zu, %zu\n", (size_t) CMSG_SPACE(4), (size_t) CMSG_SPACE(8),
         (size_t) CMSG_SPACE(253 * 4));
  SIZE(pollfd);
  OFFSET(pollfd, fd);
  OFFSET(pollfd, events);
  OFFSET(pollfd, revents);
  SIZE(timespec);
  OFFSET(timespec, tv_sec);
  OFFSET(timespec, tv_nsec);
  SIZE(timeval);
  OFFSET(timeval, tv_sec);
  OFFSET(timeval, tv_usec);
  SIZE(ucred);
  OFFSET(ucred, pid);
  OFFSET(ucred, uid);
  OFFSET(ucred, gid);
  SIZE(sockaddr_un);
  OFFSET(sockaddr_un, sun_family);
  OFFSET(sockaddr_un, sun_path);
  SIZE(statx);
  OFFSET(statx, stx_mode);
  OFFSET(statx, stx_ino);
  OFFSET(statx, stx_size);
  OFFSET(statx, stx_blocks);
  OFFSET(statx, stx_rdev_major);
  OFFSET(statx, stx_rdev_minor);
  OFFSET(statx, stx_dev_major);
  OFFSET(statx, stx_dev_minor);
  SIZE(statfs);
  OFFSET(statfs, f_type);
  OFFSET(statfs, f_bsize);
  SIZE(statvfs);
  OFFSET(statvfs, f_frsize);
  OFFSET(statvfs, f_blocks);
  OFFSET(statvfs, f_bavail);
  SIZE(epoll_event);
  OFFSET(epoll_event, events);
  OFFSET(epoll_event, data);
  return 0;
}
