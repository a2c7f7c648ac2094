// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;

/**
 * How many files of clients may be mapped at a time, by all servers of the process together: a virtual machine that gets
 * no mapping for itself any more dies. For all threads.
 */
class MappingBudget {

  /** What Linux lets a process have unless it is told otherwise. */
  private static final int DEFAULT_MAX_MAP_COUNT = 65_530;

  private static final int MAX_DIGITS = 32;

  /** That of this process: half of what Linux lets one have. */
  static final MappingBudget PROCESS =
      new MappingBudget(readLimit(Path.of("/proc/sys/vm/max_map_count")) / 2);

  private final Semaphore left;

  MappingBudget(int mappings) {
    left = new Semaphore(mappings);
  }

  /** Returns what the file says; the usual number where it says nothing. */
  static int readLimit(Path file) {
    // In one read: of a file without a size Files.readString reads one byte first, and a sysctl answers no second read.
    try (InputStream in = Files.newInputStream(file)) {
      return (int) Math.min(Integer.MAX_VALUE,
          Long.parseLong(new String(in.readNBytes(MAX_DIGITS), StandardCharsets.US_ASCII).strip()));
    } catch (IOException | NumberFormatException e) {
      return DEFAULT_MAX_MAP_COUNT; // A container may hide it.
    }
  }

  /** Takes one mapping, or returns false if none is left. */
  boolean tryAcquire() {
    return left.tryAcquire();
  }

  /** Returns one that {@link #tryAcquire} took. */
  void release() {
    left.release();
  }
}
