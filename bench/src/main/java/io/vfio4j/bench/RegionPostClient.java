// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.RegionWrite;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Posts writes to the scratch device's SCRATCH register, and reads it at the end, when all of them have been
 * executed.
 */
final class RegionPostClient {

  private static final int REGISTERS_BAR = 0;
  private static final int SCRATCH = 0x10;
  private static final int WRITES_PER_MESSAGE = 200;

  private RegionPostClient() {
  }

  /** Returns millions of writes per second, with one message each. */
  static double measure(VfioUserClient client, int warmup, int count) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(ValueLayout.JAVA_INT);
      long began = System.nanoTime();
      for (int i = 1 - warmup; i <= count; i++) {
        if (i == 1) {
          began = System.nanoTime();
        }
        data.set(ValueLayout.JAVA_INT, 0, i);
        client.regions().postWrite(REGISTERS_BAR, SCRATCH, data);
      }
      return finish(client, count, count, began);
    }
  }

  /** Returns millions of writes per second, with many per message. */
  static double measureBatched(VfioUserClient client, int count) throws DeviceException {
    List<RegionWrite> writes = IntStream.rangeClosed(1, WRITES_PER_MESSAGE)
        .mapToObj(i -> RegionWrite.ofInt(REGISTERS_BAR, SCRATCH, i)).toList();
    int messages = Math.max(1, count / WRITES_PER_MESSAGE);
    long began = System.nanoTime();
    for (int i = 0; i < messages; i++) {
      client.regions().postAll(writes);
    }
    return finish(client, messages * WRITES_PER_MESSAGE, WRITES_PER_MESSAGE, began);
  }

  private static double finish(VfioUserClient client, int count, int last, long began)
      throws DeviceException {
    if (client.readInt(REGISTERS_BAR, SCRATCH) != last) {
      throw new IllegalStateException("a posted write was lost, or this is not a scratch device");
    }
    return count * 1e3 / (System.nanoTime() - began);
  }
}
