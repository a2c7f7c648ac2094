// SPDX-License-Identifier: Apache-2.0
//
// INTx of any device driven by uio_pci_generic.

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { COMMAND_HIGH = 5, INTX_DISABLE_HIGH = 4, PATIENCE_MS = 20000 };

static int open_path(const char *format, const char *name) {
  char path[128];
  snprintf(path, sizeof path, format, name);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    fail("%s", path);
  }
  return fd;
}

// The driver disables INTx in the command register at each interrupt; this enables it again.
static void enable(int config) {
  uint8_t high;
  if (pread(config, &high, 1, COMMAND_HIGH) != 1) {
    fail("cannot read the command register");
  }
  high &= (uint8_t)~INTX_DISABLE_HIGH;
  if (pwrite(config, &high, 1, COMMAND_HIGH) != 1) {
    fail("cannot write the command register");
  }
}

static uint32_t wait_for(int uio, int patience_ms) {
  struct pollfd poller = {.fd = uio, .events = POLLIN};
  uint32_t events = 0;
  int ready = poll(&poller, 1, patience_ms);
  if (ready < 0 || (ready == 1 && read(uio, &events, sizeof events) != sizeof events)) {
    fail("cannot wait for the interrupt");
  }
  return events;
}

// intx FUNCTION UIO COUNT RAISE_OFFSET RAISE_VALUE CLEAR_OFFSET CLEAR_VALUE
// raises COUNT interrupts one by one, each by a 4-byte write; prints nanoseconds per interrupt
int intx(int argc, char **argv) {
  if (argc != 7) {
    fail("intx FUNCTION UIO COUNT RAISE_OFFSET RAISE_VALUE CLEAR_OFFSET CLEAR_VALUE");
  }
  struct bar registers = bar_of_sysfs(argv[0], 0);
  int config = open_path("/sys/bus/pci/devices/%s/config", argv[0]);
  int uio = open_path("/dev/%s", argv[1]);
  uint64_t count = number(argv[2]);
  uint64_t raise_offset = number(argv[3]), raise_value = number(argv[4]);
  uint64_t clear_offset = number(argv[5]), clear_value = number(argv[6]);

  enable(config);
  if (wait_for(uio, 0) != 0) {
    errno = 0;
    fail("an interrupt arrived before one was raised");
  }
  uint32_t last = 0;
  uint64_t begun = now();
  for (uint64_t i = 0; i < count; i++) {
    bar_write(&registers, raise_offset, 4, raise_value);
    uint32_t events = wait_for(uio, PATIENCE_MS);
    if (events == 0 || (i > 0 && events != last + 1)) {
      errno = 0;
      fail("after interrupt %" PRIu64 " the driver counted %" PRIu32 ", and %" PRIu32 " before", i, events, last);
    }
    last = events;
    bar_write(&registers, clear_offset, 4, clear_value);
    enable(config);
  }
  uint64_t took = now() - begun;
  // A cleared interrupt must not recur.
  if (wait_for(uio, 50) != 0) {
    errno = 0;
    fail("an interrupt arrived that was not raised");
  }
  printf("%" PRIu64 "\n", took / count);
  return 0;
}

struct uio {
  int config;
  int uio;
  uint32_t last;
  int counted;
};

static uint64_t wait_load(void *context, int patience_ms) {
  struct uio *uio = context;
  uint32_t events = wait_for(uio->uio, patience_ms);
  if (events == 0) {
    return 0;
  }
  uint64_t came = uio->counted ? events - uio->last : 1;
  uio->last = events;
  uio->counted = 1;
  return came;
}

static void rearm_load(void *context) {
  enable(((struct uio *)context)->config);
}

// load FUNCTION UIO [PATIENCE_MS]: load on a scratch device without an IOMMU, with INTx
int load_intx(int argc, char **argv) {
  if (argc != 2 && argc != 3) {
    fail("load FUNCTION UIO [PATIENCE_MS]");
  }
  struct uio uio = {.config = open_path("/sys/bus/pci/devices/%s/config", argv[0]), .uio = open_path("/dev/%s", argv[1])};
  struct load load = {
      .device = scratch_of_sysfs(argv[0]), .context = &uio, .wait = wait_load, .rearm = rearm_load};
  if (argc == 3) {
    load.patience_ms = (int)number(argv[2]);
  }
  load.memory = physical_memory(&load.iova);
  enable(uio.config);
  load_run(&load);
  return 0;
}
