// SPDX-License-Identifier: Apache-2.0
//
// What the guest's programs share: a PCI function of sysfs, and the scratch device's registers (docs/scratch-device.md).

#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

enum {
  REG_MEMORY_SIZE = 0x008,
  REG_STATUS = 0x018,
  REG_ERROR = 0x01c,
  REG_DMA_IOVA = 0x020,
  REG_DMA_OFFSET = 0x028,
  REG_DMA_LENGTH = 0x030,
  REG_COMMAND = 0x038,
  REG_COMPLETED = 0x040,
  REG_TIMER = 0x048,
  REG_INT_STATUS = 0x080,
};

enum {
  STATUS_BUSY = 1,
  STATUS_FAILED = 2,
  COMMAND_READ = 1,
  COMMAND_WRITE = 2,
  COMMAND_INTERRUPT = 0x100,
};

// Ends the program: says what is wrong, with the words for errno if it is set.
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

// A number in C's notation; anything else ends the program.
uint64_t number(const char *text);

// Nanoseconds that never run backwards.
uint64_t now(void);

// A BAR of a PCI function, as accesses of the very width that was asked for.
struct bar {
  volatile uint8_t *at;
  size_t size;
};

struct bar bar_of_sysfs(const char *function, int index);
uint64_t bar_read(const struct bar *bar, uint64_t offset, int width);
void bar_write(const struct bar *bar, uint64_t offset, int width, uint64_t value);

// A scratch device: its registers and its internal memory.
struct scratch {
  struct bar registers;
  struct bar memory;
};

struct scratch scratch_of_sysfs(const char *function);

// Gives the device a command, waits until it is done, and returns 0 or the errno that the device tells.
int scratch_run(const struct scratch *device, uint32_t command, uint64_t iova, uint64_t offset, uint64_t length);

// Moves memory to the device and back, with patterns, and compares every byte.
// The guest's memory at `memory`, `size` bytes, is seen by the device at `iova` in one piece.
void scratch_check_dma(const struct scratch *device, uint8_t *memory, uint64_t iova, size_t size);

int poke(int argc, char **argv);
int fill(int argc, char **argv);
int dma(int argc, char **argv);
int intx(int argc, char **argv);
int time_reads(int argc, char **argv);
int vfio(int argc, char **argv);

#endif
