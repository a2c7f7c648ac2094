// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;

/**
 * Limits the files of clients that are mapped at a time by all servers of the process: a JVM that cannot map
 * memory for itself crashes. Thread-safe.
 */
class MappingBudget {

  /** The default of vm.max_map_count. */
  private static final int DEFAULT_MAX_MAP_COUNT = 65_530;

  private static final int MAX_DIGITS = 32;

  /** The budget of this process: half of vm.max_map_count. */
  static final MappingBudget PROCESS =
      new MappingBudget(readLimit(Path.of("/proc/sys/vm/max_map_count")) / 2);

  private final Semaphore left;

  MappingBudget(int mappings) {
    left = new Semaphore(mappings);
  }

  /** Returns the number in the file, or the default if it cannot be read. */
  static int readLimit(Path file) {
    // In one read: Files.readString first reads one byte of a file without a size, and a sysctl does not
    // support a second read.
    try (InputStream in = Files.newInputStream(file)) {
      return (int) Math.min(Integer.MAX_VALUE,
          Long.parseLong(new String(in.readNBytes(MAX_DIGITS), StandardCharsets.US_ASCII).strip()));
    } catch (IOException | NumberFormatException e) {
      return DEFAULT_MAX_MAP_COUNT; // Containers may hide it.
    }
  }

  /** Takes one mapping; returns false if none is left. */
  boolean tryAcquire() {
    return left.tryAcquire();
  }

  /** Releases a mapping that {@link #tryAcquire} took. */
  void release() {
    left.release();
  }
}
