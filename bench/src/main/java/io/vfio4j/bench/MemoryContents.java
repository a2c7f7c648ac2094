// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** Contents of memory with different compressibility. */
final class MemoryContents {

  static final long PAGE = 4096;

  private static final long DEMO_BYTES = 128L << 20;
  private static final long OTHER_BYTES = 32L << 20;

  private MemoryContents() {
  }

  /** Returns the beginning of the JDK's modules file, as loaded by the demo: code, names, tables. */
  static MemorySegment demo(Arena arena) throws IOException {
    MemorySegment memory = arena.allocate(DEMO_BYTES, PAGE);
    try (FileChannel file = FileChannel.open(Path.of(System.getProperty("java.home"), "lib", "modules"))) {
      memory.copyFrom(file.map(FileChannel.MapMode.READ_ONLY, 0, DEMO_BYTES, arena));
    }
    return memory;
  }

  /** Returns the slots filled by a device's traffic: consecutive numbers. */
  static MemorySegment traffic(Arena arena) {
    MemorySegment memory = arena.allocate(OTHER_BYTES, PAGE);
    for (long slot = 0; slot < OTHER_BYTES / Long.BYTES; slot++) {
      memory.setAtIndex(ValueLayout.JAVA_LONG, slot, slot + 1);
    }
    return memory;
  }

  /** Returns incompressible bytes. */
  static MemorySegment random(Arena arena) {
    MemorySegment memory = arena.allocate(OTHER_BYTES, PAGE);
    SplittableRandom random = new SplittableRandom(4711);
    for (long at = 0; at < OTHER_BYTES / Long.BYTES; at++) {
      memory.setAtIndex(ValueLayout.JAVA_LONG, at, random.nextLong());
    }
    return memory;
  }
}
