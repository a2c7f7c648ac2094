// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Huge pages of 2 MiB for a test: added to the system's pool if permitted, and removed afterwards. */
public final class HugePages implements AutoCloseable {

  public static final long SIZE = 2L << 20;

  private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Pattern FREE = Pattern.compile("HugePages_Free: +([0-9]+)");

  private final long added;
  private final boolean available;

  private HugePages(long added, boolean available) {
    this.added = added;
    this.available = available;
  }

  public static HugePages reserve(long count) throws IOException {
    boolean canAdd = Files.isWritable(POOL);
    if (canAdd) {
      change(count);
    }
    return new HugePages(canAdd ? count : 0, free() >= count);
  }

  /** Returns whether enough pages are free; without them a mapping fails with ENOMEM. */
  public boolean areAvailable() {
    return available;
  }

  private static long free() throws IOException {
    Matcher matcher = FREE.matcher(Files.readString(MEMORY));
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  private static void change(long difference) throws IOException {
    long now = Long.parseLong(Files.readString(POOL).strip());
    Files.writeString(POOL, Long.toString(now + difference));
  }

  @Override
  public void close() throws IOException {
    if (added > 0) {
      change(-added);
    }
  }
}
