// SPDX-License-Identifier: Apache-2.0
//
// DMA of a scratch device to physical memory; vfio.c does it through an IOMMU.

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20, PAGE = 4096, PATIENCE_SECONDS = 20 };

struct scratch scratch_of_sysfs(const char *function) {
  return (struct scratch){.registers = bar_of_sysfs(function, 0), .memory = bar_of_sysfs(function, 2)};
}

int scratch_run(const struct scratch *device, uint32_t command, uint64_t iova, uint64_t offset, uint64_t length) {
  const struct bar *registers = &device->registers;
  uint64_t completed = bar_read(registers, REG_COMPLETED, 8);
  bar_write(registers, REG_DMA_IOVA, 8, iova);
  bar_write(registers, REG_DMA_OFFSET, 8, offset);
  bar_write(registers, REG_DMA_LENGTH, 8, length);
  bar_write(registers, REG_COMMAND, 4, command);
  uint64_t deadline = now() + UINT64_C(1000000000) * PATIENCE_SECONDS;
  while (bar_read(registers, REG_COMPLETED, 8) == completed) {
    if (now() > deadline) {
      errno = 0;
      fail("the device does not complete a command, status 0x%" PRIx64, bar_read(registers, REG_STATUS, 4));
    }
  }
  return bar_read(registers, REG_STATUS, 4) & STATUS_FAILED ? (int)bar_read(registers, REG_ERROR, 4) : 0;
}

static void run(const struct scratch *device, uint32_t command, uint64_t iova, uint64_t offset, uint64_t length) {
  int error = scratch_run(device, command, iova, offset, length);
  if (error != 0) {
    errno = error;
    fail("command %" PRIu32 " at 0x%" PRIx64 " + 0x%" PRIx64, command, iova, length);
  }
}

static uint8_t pattern(size_t at) {
  return (uint8_t)(at * 7 + at / 251 + 1);
}

// The data begins and ends within a page, and the bytes around it must not change.
void scratch_check_dma(const struct scratch *device, uint8_t *memory, uint64_t iova, size_t size) {
  enum { BEGIN = 0x123, MEMORY_OFFSET = 0x45, MARGIN = 0x77 };
  size_t length = size / 2 - BEGIN - MARGIN;
  uint8_t *from = memory + BEGIN;
  uint8_t *to = memory + size / 2;
  for (size_t i = 0; i < length; i++) {
    from[i] = pattern(i);
  }
  memset(to, 0xee, size / 2);
  run(device, COMMAND_READ, iova + BEGIN, MEMORY_OFFSET, length);
  // The data is visible in the device's memory, and changes there are copied back.
  size_t probes[] = {0, 1, PAGE - MEMORY_OFFSET, length / 2, length - 1};
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
    uint64_t seen = bar_read(&device->memory, MEMORY_OFFSET + probes[i], 1);
    if (seen != pattern(probes[i])) {
      errno = 0;
      fail("byte %zu arrived in the device as 0x%" PRIx64 ", expected 0x%x", probes[i], seen, pattern(probes[i]));
    }
  }
  size_t changed = length / 2;
  bar_write(&device->memory, MEMORY_OFFSET + changed, 1, (uint8_t)~pattern(changed));
  run(device, COMMAND_WRITE, iova + size / 2 + BEGIN, MEMORY_OFFSET, length);
  for (size_t i = 0; i < size / 2; i++) {
    uint8_t due = 0xee;
    if (i >= BEGIN && i - BEGIN < length) {
      due = i - BEGIN == changed ? (uint8_t)~pattern(changed) : pattern(i - BEGIN);
    }
    if (((volatile uint8_t *)to)[i] != due) {
      errno = 0;
      fail("byte %zu of memory is 0x%x after DMA, expected 0x%x", i, to[i], due);
    }
  }
}

static uint64_t physical_address(const void *memory) {
  uint64_t entry;
  int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || pread(fd, &entry, sizeof entry, (off_t)((uintptr_t)memory / PAGE * sizeof entry)) != sizeof entry) {
    fail("/proc/self/pagemap");
  }
  close(fd);
  uint64_t frame = entry & ((UINT64_C(1) << 55) - 1);
  if (frame == 0) {
    errno = 0;
    fail("the page is not present");
  }
  return frame * PAGE;
}

uint8_t *physical_memory(uint64_t *address) {
  uint8_t *memory =
      mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    fail("mmap of a huge page");
  }
  *address = physical_address(memory);
  return memory;
}

// dma FUNCTION LENGTH: both directions, through a huge page, because that is contiguous
int dma(int argc, char **argv) {
  if (argc != 2) {
    fail("dma FUNCTION LENGTH");
  }
  struct scratch device = scratch_of_sysfs(argv[0]);
  size_t length = number(argv[1]);
  if (length > HUGE_PAGE) {
    fail("the length exceeds a huge page (%d bytes)", HUGE_PAGE);
  }
  uint64_t physical;
  uint8_t *memory = physical_memory(&physical);
  scratch_check_dma(&device, memory, physical, length);
  printf("0x%" PRIx64 "\n", physical);
  return 0;
}
