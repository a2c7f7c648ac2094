// SPDX-License-Identifier: Apache-2.0
//
// Drives a scratch device from user space in a guest with an IOMMU: MSI-X, INTx, DMA through mappings, reset.

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VECTORS = 4, COMMAND_VECTOR = 0, TIMER_VECTOR = 1, MEMORY = 256 << 10, PATIENCE_MS = 20000 };

static const uint64_t IOVA = 0x100000000;
static const uint64_t OTHER_IOVA = 0x7f0000000;

struct user {
  int container;
  int device;
  uint8_t *memory;
  int events[VECTORS];
  struct scratch scratch;
};

static struct bar bar_of_region(int device, uint32_t index) {
  struct vfio_region_info info = {.argsz = sizeof info, .index = index};
  if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) != 0) {
    fail("region %" PRIu32, index);
  }
  struct bar bar = {.size = info.size};
  bar.at = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)info.offset);
  if (bar.at == MAP_FAILED) {
    fail("mmap of region %" PRIu32, index);
  }
  return bar;
}

// The memory and bus-master bits of the command register.
static void enable(int device) {
  struct vfio_region_info info = {.argsz = sizeof info, .index = VFIO_PCI_CONFIG_REGION_INDEX};
  uint16_t command;
  if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) != 0 ||
      pread(device, &command, sizeof command, (off_t)info.offset + 4) != sizeof command) {
    fail("cannot read the command register");
  }
  command |= 6;
  if (pwrite(device, &command, sizeof command, (off_t)info.offset + 4) != sizeof command) {
    fail("cannot write the command register");
  }
}

static struct user open_user(const char *group_number, const char *function) {
  struct user user = {.container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC)};
  char path[64];
  snprintf(path, sizeof path, "/dev/vfio/%s", group_number);
  int group = open(path, O_RDWR | O_CLOEXEC);
  if (user.container < 0 || group < 0) {
    fail("%s", path);
  }
  if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &user.container) != 0 ||
      ioctl(user.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0) {
    fail("cannot add the group to a container");
  }
  user.device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, function);
  if (user.device < 0) {
    fail("%s is not in the group", function);
  }
  enable(user.device);
  user.scratch.registers = bar_of_region(user.device, VFIO_PCI_BAR0_REGION_INDEX);
  user.scratch.memory = bar_of_region(user.device, VFIO_PCI_BAR2_REGION_INDEX);
  user.memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (user.memory == MAP_FAILED) {
    fail("mmap");
  }
  for (int i = 0; i < VECTORS; i++) {
    user.events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (user.events[i] < 0) {
      fail("eventfd");
    }
  }
  return user;
}

static void map(const struct user *user, uint64_t iova) {
  struct vfio_iommu_type1_dma_map map = {.argsz = sizeof map,
                                         .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                                         .vaddr = (uintptr_t)user->memory,
                                         .iova = iova,
                                         .size = MEMORY};
  if (ioctl(user->container, VFIO_IOMMU_MAP_DMA, &map) != 0) {
    fail("mapping at 0x%" PRIx64, iova);
  }
}

static void unmap(const struct user *user, uint64_t iova) {
  struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = iova, .size = MEMORY};
  if (ioctl(user->container, VFIO_IOMMU_UNMAP_DMA, &unmap) != 0 || unmap.size != MEMORY) {
    fail("unmapping at 0x%" PRIx64, iova);
  }
}

// Connects `count` vectors of an index, from the first, to the eventfds; 0 disables the index.
static void listen_to(const struct user *user, uint32_t index, uint32_t count) {
  union {
    struct vfio_irq_set set;
    uint8_t bytes[sizeof(struct vfio_irq_set) + sizeof user->events];
  } request = {.set = {.flags = VFIO_IRQ_SET_ACTION_TRIGGER, .index = index, .count = count}};
  request.set.argsz = (uint32_t)(sizeof request.set + count * sizeof *user->events);
  request.set.flags |= count > 0 ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE;
  memcpy(request.set.data, user->events, count * sizeof *user->events);
  if (ioctl(user->device, VFIO_DEVICE_SET_IRQS, &request.set) != 0) {
    fail("SET_IRQS of %" PRIu32 " vectors of index %" PRIu32, count, index);
  }
}

static void unmask_intx(const struct user *user) {
  struct vfio_irq_set set = {.argsz = sizeof set,
                             .flags = VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_NONE,
                             .index = VFIO_PCI_INTX_IRQ_INDEX,
                             .count = 1};
  if (ioctl(user->device, VFIO_DEVICE_SET_IRQS, &set) != 0) {
    fail("cannot unmask INTx");
  }
}

// Returns how often an eventfd was signalled; optionally waits for the first signal.
static uint64_t signals(const struct user *user, int vector, int patience_ms) {
  struct pollfd poller = {.fd = user->events[vector], .events = POLLIN};
  uint64_t count = 0;
  int ready = poll(&poller, 1, patience_ms);
  if (ready < 0 || (ready == 1 && read(poller.fd, &count, sizeof count) != sizeof count)) {
    fail("cannot wait for the eventfd");
  }
  return count;
}

static void expect_one(const struct user *user, int vector, const char *what) {
  uint64_t came = signals(user, vector, PATIENCE_MS);
  errno = 0;
  if (came != 1) {
    fail("%s: %" PRIu64 " interrupts by vector %d, expected 1", what, came, vector);
  }
  for (int other = 0; other < VECTORS; other++) {
    came = signals(user, other, 0);
    if (came != 0) {
      fail("%s: %" PRIu64 " more interrupts by vector %d", what, came, other);
    }
  }
}

static void clear_interrupts(const struct user *user) {
  bar_write(&user->scratch.registers, REG_INT_STATUS, 4, 0xf);
}

static void check_dma(const struct user *user) {
  map(user, IOVA);
  scratch_check_dma(&user->scratch, user->memory, IOVA, MEMORY);
  unmap(user, IOVA);
  int error = scratch_run(&user->scratch, COMMAND_WRITE, IOVA, 0, 8);
  if (error != EFAULT) {
    errno = error;
    fail("DMA to an unmapped range succeeded");
  }
  map(user, OTHER_IOVA);
  scratch_check_dma(&user->scratch, user->memory, OTHER_IOVA, MEMORY);
  unmap(user, OTHER_IOVA);
  map(user, IOVA);
}

static void check_msix(const struct user *user) {
  // First one vector, then all: QEMU enables vectors that a guest adds later in another way.
  for (uint32_t vectors = 1; vectors <= VECTORS; vectors += VECTORS - 1) {
    listen_to(user, VFIO_PCI_MSIX_IRQ_INDEX, vectors);
    scratch_run(&user->scratch, COMMAND_READ | COMMAND_INTERRUPT, IOVA, 0, 64);
    expect_one(user, COMMAND_VECTOR, "a command");
    if (vectors > TIMER_VECTOR) {
      bar_write(&user->scratch.registers, REG_TIMER, 8, 1000);
      expect_one(user, TIMER_VECTOR, "the timer");
    }
    listen_to(user, VFIO_PCI_MSIX_IRQ_INDEX, 0);
    clear_interrupts(user);
  }
}

static void check_intx(const struct user *user) {
  listen_to(user, VFIO_PCI_INTX_IRQ_INDEX, 1);
  for (int round = 0; round < 3; round++) {
    scratch_run(&user->scratch, COMMAND_READ | COMMAND_INTERRUPT, IOVA, 0, 64);
    expect_one(user, 0, "INTx");
    // The level is still high when it is unmasked, so it fires again.
    unmask_intx(user);
    expect_one(user, 0, "INTx that stayed high");
    clear_interrupts(user);
    unmask_intx(user);
  }
  if (signals(user, 0, 50) != 0) {
    errno = 0;
    fail("INTx fired although its level is low");
  }
  listen_to(user, VFIO_PCI_INTX_IRQ_INDEX, 0);
}

static void check_reset(const struct user *user) {
  const struct bar *registers = &user->scratch.registers;
  bar_write(registers, REG_DMA_LENGTH, 8, 0x1234);
  if (ioctl(user->device, VFIO_DEVICE_RESET) != 0) {
    fail("VFIO_DEVICE_RESET");
  }
  enable(user->device);
  errno = 0;
  if (bar_read(registers, REG_DMA_LENGTH, 8) != 0 || bar_read(registers, REG_COMPLETED, 8) != 0) {
    fail("a register kept its value across the reset");
  }
}

static void time_msix(const struct user *user, uint64_t count) {
  const struct bar *registers = &user->scratch.registers;
  listen_to(user, VFIO_PCI_MSIX_IRQ_INDEX, VECTORS);
  bar_write(registers, REG_DMA_LENGTH, 8, 0);
  uint64_t begun = now();
  for (uint64_t i = 0; i < count; i++) {
    bar_write(registers, REG_COMMAND, 4, COMMAND_READ | COMMAND_INTERRUPT);
    if (signals(user, COMMAND_VECTOR, PATIENCE_MS) != 1) {
      errno = 0;
      fail("interrupt %" PRIu64 " did not arrive exactly once", i);
    }
  }
  printf("%" PRIu64 "\n", (now() - begun) / count);
  listen_to(user, VFIO_PCI_MSIX_IRQ_INDEX, 0);
}

static uint64_t wait_load(void *context, int patience_ms) {
  return signals(context, COMMAND_VECTOR, patience_ms);
}

static void rearm_load(void *context) {
  // MSI-X needs no acknowledgement.
  (void)context;
}

static void run_load(struct user *user) {
  struct load load = {.device = user->scratch,
                      .memory = user->memory,
                      .iova = IOVA,
                      .context = user,
                      .wait = wait_load,
                      .rearm = rearm_load};
  listen_to(user, VFIO_PCI_MSIX_IRQ_INDEX, VECTORS);
  load_run(&load);
  listen_to(user, VFIO_PCI_MSIX_IRQ_INDEX, 0);
}

// vfio GROUP FUNCTION {dma | msix | intx | reset | load | time COUNT}...
int vfio(int argc, char **argv) {
  if (argc < 3) {
    fail("vfio GROUP FUNCTION {dma | msix | intx | reset | load | time COUNT}...");
  }
  struct user user = open_user(argv[0], argv[1]);
  map(&user, IOVA);
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "dma") == 0) {
      unmap(&user, IOVA);
      check_dma(&user);
    } else if (strcmp(argv[i], "msix") == 0) {
      check_msix(&user);
    } else if (strcmp(argv[i], "intx") == 0) {
      check_intx(&user);
    } else if (strcmp(argv[i], "reset") == 0) {
      check_reset(&user);
    } else if (strcmp(argv[i], "load") == 0) {
      run_load(&user);
    } else if (strcmp(argv[i], "time") == 0 && i + 1 < argc) {
      time_msix(&user, number(argv[++i]));
    } else {
      errno = 0;
      fail("unknown check: %s", argv[i]);
    }
  }
  return 0;
}
