// SPDX-License-Identifier: Apache-2.0
//
// Load on a device that runs while its server is replaced. Prints
//
//   load begin
//   load line=N iterations=N interrupts=N spurious=N traffic=N pause=MICROSECONDS
//   load end lines=N iterations=N
//
// with a line every 50 ms, and stops when a byte arrives on its terminal. Every deviation ends it with another text.

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  SLOTS = 16384,
  FROM = SLOTS * 8,
  TO = FROM + (32 << 10),
  LENGTH = 5000,
  TRAFFIC_PER_SECOND = 1000,
  WORDS = 64,
  WORDS_AT = 64 << 10,
  WORD_STRIDE = 4096,
  PATIENCE_MS = 20000,
  LINE_NS = 50000000,
};

struct progress {
  int terminal;
  uint64_t lines, iterations, interrupts, spurious, traffic;
  uint64_t printed, last, pause;
};

static void begin(struct progress *progress) {
  memset(progress, 0, sizeof *progress);
  progress->terminal = open("/dev/ttyS1", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (progress->terminal < 0) {
    fail("/dev/ttyS1");
  }
  printf("load begin\n");
  fflush(stdout);
  progress->printed = progress->last = now();
}

// Counts an iteration. Returns 0 when the load is to stop.
static int advance(struct progress *progress) {
  uint64_t time = now();
  progress->iterations++;
  if (time - progress->last > progress->pause) {
    progress->pause = time - progress->last;
  }
  progress->last = time;
  if (time - progress->printed < LINE_NS) {
    return 1;
  }
  printf("load line=%" PRIu64 " iterations=%" PRIu64 " interrupts=%" PRIu64 " spurious=%" PRIu64 " traffic=%" PRIu64
         " pause=%" PRIu64 "\n",
         ++progress->lines, progress->iterations, progress->interrupts, progress->spurious, progress->traffic,
         progress->pause / 1000);
  fflush(stdout);
  progress->pause = 0;
  struct pollfd poller = {.fd = progress->terminal, .events = POLLIN};
  char byte;
  if (poll(&poller, 1, 0) == 1 && read(progress->terminal, &byte, 1) == 1) {
    printf("load end lines=%" PRIu64 " iterations=%" PRIu64 "\n", progress->lines, progress->iterations);
    return 0;
  }
  // Printing is not the device's pause.
  progress->printed = progress->last = now();
  return 1;
}

static void expect(uint64_t seen, uint64_t due, const char *what, uint64_t iteration) {
  if (seen != due) {
    errno = 0;
    fail("load: %s is 0x%" PRIx64 " instead of 0x%" PRIx64 " in iteration %" PRIu64, what, seen, due, iteration);
  }
}

static uint64_t mixed(uint64_t number) {
  return (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

// Returns the new count: no number may be missing, and none may come twice.
static uint64_t check_traffic(const struct load *load, uint64_t checked, uint64_t iteration) {
  const volatile uint64_t *slots = (const volatile uint64_t *)load->memory;
  uint64_t count = bar_read(&load->device.registers, REG_TRAFFIC_COUNT, 8);
  errno = 0;
  if (count < checked || count - checked > SLOTS / 2) {
    fail("load: the traffic went from %" PRIu64 " to %" PRIu64 " in iteration %" PRIu64, checked, count, iteration);
  }
  for (uint64_t n = checked + 1; n <= count; n++) {
    expect(slots[(n - 1) % SLOTS], n, "a slot", iteration);
  }
  return count;
}

static void command(struct load *load, uint32_t code, uint64_t at, uint64_t offset, uint64_t iteration) {
  int error = scratch_run(&load->device, code, load->iova + at, offset, LENGTH);
  if (error != 0) {
    errno = error;
    fail("load: command %" PRIu32 " in iteration %" PRIu64, code, iteration);
  }
}

static void check_copies(struct load *load, uint64_t iteration) {
  uint8_t *from = load->memory + FROM;
  uint8_t *to = load->memory + TO;
  uint64_t seed = mixed(iteration);
  for (size_t i = 0; i < LENGTH; i++) {
    from[i] = (uint8_t)(seed >> i % 57);
  }
  memset(to, (uint8_t)~iteration, LENGTH + 1);
  uint64_t offset = iteration % 16 * 3001;
  command(load, COMMAND_READ, FROM, offset, iteration);
  command(load, COMMAND_WRITE | COMMAND_INTERRUPT, TO, offset, iteration);
  for (size_t i = 0; i < LENGTH; i++) {
    expect(((volatile uint8_t *)to)[i], from[i], "a byte copied by DMA", iteration);
  }
  expect(((volatile uint8_t *)to)[LENGTH], (uint8_t)~iteration, "the byte after DMA", iteration);
}

static void take_interrupt(struct load *load, struct progress *progress) {
  uint64_t came = load->wait(load->context, load->patience_ms > 0 ? load->patience_ms : PATIENCE_MS);
  if (came == 0) {
    errno = 0;
    fail("load: interrupt %" PRIu64 " is lost", progress->interrupts + 1);
  }
  progress->interrupts++;
  progress->spurious += came - 1;
  bar_write(&load->device.registers, REG_INT_STATUS, 4, 0xf);
  load->rearm(load->context);
}

void load_run(struct load *load) {
  const struct bar *registers = &load->device.registers;
  uint64_t words[WORDS] = {0};
  for (int i = 0; i < WORDS; i++) {
    bar_write(&load->device.memory, WORDS_AT + (uint64_t)i * WORD_STRIDE, 8, 0);
  }
  memset(load->memory, 0, SLOTS * 8);
  uint64_t completed = bar_read(registers, REG_COMPLETED, 8);
  bar_write(registers, REG_SCRATCH, 8, mixed(0));
  bar_write(registers, REG_TRAFFIC_IOVA, 8, load->iova);
  bar_write(registers, REG_TRAFFIC_SLOTS, 4, SLOTS);
  uint64_t traffic = bar_read(registers, REG_TRAFFIC_COUNT, 8);
  bar_write(registers, REG_TRAFFIC_RATE, 4, TRAFFIC_PER_SECOND);

  struct progress progress;
  begin(&progress);
  do {
    uint64_t i = progress.iterations;
    expect(bar_read(registers, REG_SCRATCH, 8), mixed(i), "SCRATCH", i);
    bar_write(registers, REG_SCRATCH, 8, mixed(i + 1));
    expect(bar_read(registers, REG_SCRATCH, 8), mixed(i + 1), "SCRATCH as written", i);
    check_copies(load, i);
    take_interrupt(load, &progress);
    completed += 2;
    expect(bar_read(registers, REG_COMPLETED, 8), completed, "COMPLETED", i);
    words[i % WORDS] = mixed(i);
    bar_write(&load->device.memory, WORDS_AT + i % WORDS * WORD_STRIDE, 8, mixed(i));
    uint64_t other = i * 7 % WORDS;
    expect(bar_read(&load->device.memory, WORDS_AT + other * WORD_STRIDE, 8), words[other], "a word of BAR2", i);
    progress.traffic = traffic = check_traffic(load, traffic, i);
    expect(bar_read(registers, REG_STATUS, 4) & STATUS_FAILED, 0, "the failure bit of STATUS", i);
  } while (advance(&progress));
  bar_write(registers, REG_TRAFFIC_RATE, 4, 0);
}

static int open_line(const char *name, int number, const char *attribute, int flags) {
  char path[128];
  snprintf(path, sizeof path, "/sys/class/gpio/%s%d/%s", name, number, attribute);
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) {
    fail("%s", path);
  }
  return fd;
}

static uint64_t line_value(int fd) {
  char value;
  if (pread(fd, &value, 1, 0) != 1) {
    fail("load: cannot read a line");
  }
  return value == '1';
}

// gpio: the lines OUT0..15 and IIN0..15, wired to each other; each change must raise an interrupt
int gpio(int argc, char **argv) {
  (void)argv;
  enum { LINES = 16 };
  if (argc != 0) {
    fail("gpio");
  }
  int out[LINES], in[LINES];
  uint64_t due[LINES] = {0};
  for (int i = 0; i < LINES; i++) {
    out[i] = open_line("OUT", i, "value", O_RDWR);
    in[i] = open_line("IIN", i, "value", O_RDONLY);
    if (pwrite(out[i], "0", 1, 0) != 1) {
      fail("load: cannot set a line");
    }
    int edge = open_line("IIN", i, "edge", O_WRONLY);
    if (write(edge, "both", 4) != 4) {
      fail("load: cannot detect edges");
    }
    close(edge);
  }
  struct progress progress;
  begin(&progress);
  do {
    uint64_t i = progress.iterations;
    int line = (int)(i % LINES);
    line_value(in[line]);
    due[line] ^= 1;
    if (pwrite(out[line], due[line] ? "1" : "0", 1, 0) != 1) {
      fail("load: cannot set line %d", line);
    }
    struct pollfd poller = {.fd = in[line], .events = POLLPRI | POLLERR};
    errno = 0;
    if (poll(&poller, 1, PATIENCE_MS) != 1) {
      fail("load: the interrupt of iteration %" PRIu64 " is lost", i);
    }
    progress.interrupts++;
    for (int other = 0; other < LINES; other++) {
      expect(line_value(in[other]), due[other], "an input", i);
      expect(line_value(out[other]), due[other], "an output", i);
    }
    progress.traffic = progress.iterations + 1;
  } while (advance(&progress));
  return 0;
}
