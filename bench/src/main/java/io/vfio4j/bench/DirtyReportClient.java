// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Requests dirty reports from a device, whose log is active while this is open. */
final class DirtyReportClient implements AutoCloseable {

  private static final int PAGE = 4096;
  private static final int REGISTERS_BAR = 0;
  private static final int MARK_DIRTY = 0x100;

  private final VfioUserClient client;
  private final IovaRange range;
  private final DmaLog log;
  private final Fd memory;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment bitmap;

  /**
   * Maps memory and starts the log.
   *
   * @param bytes the size of the memory, from address 0; it is never touched
   */
  DirtyReportClient(VfioUserClient client, long bytes) throws IOException {
    this.client = client;
    range = new IovaRange(0, bytes);
    bitmap = arena.allocate(DmaLog.bitmapBytes(range, PAGE), 8);
    memory = Memfd.create("guest", bytes);
    client.dma().map(range, memory, 0, true);
    log = client.dmaLog().orElseThrow();
    log.start(List.of(range), PAGE);
  }

  /** Returns the nanoseconds of a report with all pages dirty. */
  int reportAllDirty() throws IOException {
    client.writeLong(REGISTERS_BAR, MARK_DIRTY, range.length());
    return report(-1);
  }

  /** Returns the nanoseconds of a report right after another, with no dirty pages. */
  int reportClean() throws IOException {
    return report(0);
  }

  private int report(long expected) throws IOException {
    bitmap.fill((byte) 0);
    long began = System.nanoTime();
    log.report(range, PAGE, bitmap);
    int took = (int) (System.nanoTime() - began);
    for (long at : new long[] {0, bitmap.byteSize() - Long.BYTES}) {
      if (bitmap.get(ValueLayout.JAVA_LONG, at) != expected) {
        throw new IllegalStateException("the report does not match the pages written");
      }
    }
    return took;
  }

  @Override
  public void close() throws IOException {
    log.stop();
    client.dma().unmap(range);
    client.close();
    memory.close();
    arena.close();
  }
}
