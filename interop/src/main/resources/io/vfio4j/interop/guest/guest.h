// SPDX-License-Identifier: Apache-2.0
//
// Common to the guest's programs: PCI functions in sysfs, and the scratch device's registers (docs/scratch-device.md).

#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

enum {
  REG_MEMORY_SIZE = 0x008,
  REG_SCRATCH = 0x010,
  REG_STATUS = 0x018,
  REG_ERROR = 0x01c,
  REG_DMA_IOVA = 0x020,
  REG_DMA_OFFSET = 0x028,
  REG_DMA_LENGTH = 0x030,
  REG_COMMAND = 0x038,
  REG_COMPLETED = 0x040,
  REG_TIMER = 0x048,
  REG_TRAFFIC_IOVA = 0x050,
  REG_TRAFFIC_SLOTS = 0x058,
  REG_TRAFFIC_RATE = 0x05c,
  REG_TRAFFIC_COUNT = 0x060,
  REG_INT_STATUS = 0x080,
};

enum {
  STATUS_BUSY = 1,
  STATUS_FAILED = 2,
  COMMAND_READ = 1,
  COMMAND_WRITE = 2,
  COMMAND_INTERRUPT = 0x100,
};

// Prints a message, with strerror(errno) if errno is set, and exits.
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

// Parses a number in C notation; exits if it is invalid.
uint64_t number(const char *text);

// Monotonic time in nanoseconds.
uint64_t now(void);

// A BAR of a PCI function, accessed with exactly the requested width.
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

// Executes a command on the device and returns 0 or the errno that the device reports.
int scratch_run(const struct scratch *device, uint32_t command, uint64_t iova, uint64_t offset, uint64_t length);

// Copies patterns to the device and back by DMA, and compares every byte.
// `memory`, `size` bytes, is contiguous for the device at `iova`.
void scratch_check_dma(const struct scratch *device, uint8_t *memory, uint64_t iova, size_t size);

// A scratch device under load, and how its interrupts arrive.
struct load {
  struct scratch device;
  uint8_t *memory; // at least 256 KiB, contiguous for the device at `iova`
  uint64_t iova;
  void *context;
  uint64_t (*wait)(void *context, int patience_ms); // returns how many interrupts arrived, 0 after the time
  void (*rearm)(void *context);                     // allows the next interrupt
  int patience_ms;                                  // for an interrupt; 0 for the default
};

// Keeps the device busy until a byte arrives on the terminal; exits at the first deviation.
void load_run(struct load *load);

// A huge page, contiguous for a device without an IOMMU at the physical address returned.
uint8_t *physical_memory(uint64_t *address);

int poke(int argc, char **argv);
int fill(int argc, char **argv);
int dma(int argc, char **argv);
int intx(int argc, char **argv);
int time_reads(int argc, char **argv);
int vfio(int argc, char **argv);
int load_intx(int argc, char **argv);
int gpio(int argc, char **argv);

#endif
