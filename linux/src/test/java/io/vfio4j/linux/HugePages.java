// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Huge pages of 2 MiB for a test: added to the system's pool if the process may do so, and removed
 * afterwards.
 */
final class HugePages implements AutoCloseable {

  static final long SIZE = 2L << 20;

  private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Pattern FREE = Pattern.compile("HugePages_Free: +([0-9]+)");

  private final long added;
  private final boolean available;

  private HugePages(long added, boolean available) {
    this.added = added;
    this.available = available;
  }

  static HugePages reserve(long count) throws IOException {
    boolean mayAdd = Files.isWritable(POOL);
    if (mayAdd) {
      resizePool(count);
    }
    return new HugePages(mayAdd ? count : 0, free() >= count);
  }

  /** Returns whether the pool has as many pages as requested: without them, mappings fail with ENOMEM. */
  boolean areAvailable() {
    return available;
  }

  private static long free() throws IOException {
    Matcher matcher = FREE.matcher(Files.readString(MEMORY));
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  private static void resizePool(long by) throws IOException {
    long now = Long.parseLong(Files.readString(POOL).strip());
    Files.writeString(POOL, Long.toString(now + by));
  }

  @Override
  public void close() throws IOException {
    if (added > 0) {
      resizePool(-added);
    }
  }
}
