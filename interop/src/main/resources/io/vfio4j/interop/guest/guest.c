// SPDX-License-Identifier: Apache-2.0
//
// All programs of the guest in one executable: guest NAME ARGUMENT...

#include "guest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void fail(const char *format, ...) {
  int error = errno;
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  if (error != 0) {
    printf(": %s", strerror(error));
  }
  printf("\n");
  exit(1);
}

uint64_t number(const char *text) {
  char *end;
  errno = 0;
  uint64_t value = strtoull(text, &end, 0);
  if (errno != 0 || end == text || *end != 0) {
    fail("%s is not a number", text);
  }
  return value;
}

uint64_t now(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) {
    fail("clock_gettime");
  }
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} programs[] = {
    {"poke", poke},       {"fill", fill}, {"dma", dma},        {"intx", intx},
    {"time", time_reads}, {"vfio", vfio}, {"load", load_intx}, {"gpio", gpio},
};

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    if (argc > 1 && strcmp(argv[1], programs[i].name) == 0) {
      return programs[i].run(argc - 2, argv + 2);
    }
  }
  fail("unknown program");
}
