// SPDX-License-Identifier: Apache-2.0
//
// BARs through sysfs: single accesses, whole memories, and the latency of a read.

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct bar bar_of_sysfs(const char *function, int index) {
  char path[128];
  snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/resource%d", function, index);
  int fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) {
    fail("%s", path);
  }
  struct bar bar = {.size = (size_t)status.st_size};
  bar.at = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bar.at == MAP_FAILED) {
    fail("mmap of %s", path);
  }
  close(fd);
  return bar;
}

static volatile uint8_t *within(const struct bar *bar, uint64_t offset, int width) {
  if (offset > bar->size || (uint64_t)width > bar->size - offset) {
    fail("no %d bytes at 0x%" PRIx64, width, offset);
  }
  return bar->at + offset;
}

uint64_t bar_read(const struct bar *bar, uint64_t offset, int width) {
  volatile uint8_t *at = within(bar, offset, width);
  switch (width) {
  case 1:
    return *at;
  case 2:
    return *(volatile uint16_t *)at;
  case 4:
    return *(volatile uint32_t *)at;
  case 8:
    return *(volatile uint64_t *)at;
  default:
    errno = 0;
    fail("invalid width of an access: %d bytes", width);
  }
}

void bar_write(const struct bar *bar, uint64_t offset, int width, uint64_t value) {
  volatile uint8_t *at = within(bar, offset, width);
  switch (width) {
  case 1:
    *at = (uint8_t)value;
    break;
  case 2:
    *(volatile uint16_t *)at = (uint16_t)value;
    break;
  case 4:
    *(volatile uint32_t *)at = (uint32_t)value;
    break;
  case 8:
    *(volatile uint64_t *)at = value;
    break;
  default:
    errno = 0;
    fail("invalid width of an access: %d bytes", width);
  }
}

// poke FUNCTION BAR {r WIDTH OFFSET | w WIDTH OFFSET VALUE}...: prints each value read on a line
int poke(int argc, char **argv) {
  if (argc < 2) {
    fail("poke FUNCTION BAR {r WIDTH OFFSET | w WIDTH OFFSET VALUE}...");
  }
  struct bar bar = bar_of_sysfs(argv[0], (int)number(argv[1]));
  for (int i = 2; i < argc;) {
    int writes = strcmp(argv[i], "w") == 0;
    if (argc - i < 3 + writes) {
      fail("incomplete access");
    }
    int width = (int)number(argv[i + 1]);
    uint64_t offset = number(argv[i + 2]);
    if (writes) {
      bar_write(&bar, offset, width, number(argv[i + 3]));
    } else {
      printf("0x%" PRIx64 "\n", bar_read(&bar, offset, width));
    }
    i += 3 + writes;
  }
  return 0;
}

static uint64_t mixed(uint64_t seed, uint64_t index) {
  return (seed ^ index) * UINT64_C(0x9e3779b97f4a7c15);
}

// fill FUNCTION BAR LENGTH SEED: fills LENGTH bytes of a BAR with accesses of all widths, and reads them with others
int fill(int argc, char **argv) {
  if (argc != 4) {
    fail("fill FUNCTION BAR LENGTH SEED");
  }
  struct bar bar = bar_of_sysfs(argv[0], (int)number(argv[1]));
  uint64_t length = number(argv[2]);
  uint64_t seed = number(argv[3]);
  for (uint64_t at = 0; at < length; at += 8) {
    int width = 1 << (at / 8 % 4);
    for (int part = 0; part < 8; part += width) {
      bar_write(&bar, at + (uint64_t)part, width, mixed(seed, at) >> (8 * part));
    }
  }
  for (uint64_t at = 0; at < length; at += 8) {
    int width = 8 >> (at / 8 / 4 % 4);
    uint64_t value = 0;
    for (int part = 0; part < 8; part += width) {
      value |= bar_read(&bar, at + (uint64_t)part, width) << (8 * part);
    }
    if (value != mixed(seed, at)) {
      errno = 0;
      fail("at 0x%" PRIx64 ": read 0x%" PRIx64 " with accesses of %d bytes, expected 0x%" PRIx64, at, value, width,
           mixed(seed, at));
    }
  }
  return 0;
}

// time FUNCTION BAR OFFSET COUNT: prints the nanoseconds of a 4-byte read
int time_reads(int argc, char **argv) {
  if (argc != 4) {
    fail("time FUNCTION BAR OFFSET COUNT");
  }
  struct bar bar = bar_of_sysfs(argv[0], (int)number(argv[1]));
  uint64_t offset = number(argv[2]);
  uint64_t count = number(argv[3]);
  uint64_t begun = now();
  for (uint64_t i = 0; i < count; i++) {
    bar_read(&bar, offset, 4);
  }
  printf("%" PRIu64 "\n", (now() - begun) / count);
  return 0;
}
