// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.handover;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A VMM of a scratch device, whose guest's memory is a file that another VMM can map too. Not thread-safe. */
final class TestVmm implements AutoCloseable {

  static final int MEMORY_SIZE = 1 << 20;
  /** A value of the SCRATCH register, which a reset changes. */
  static final long MARK = 0x5741_4b45_5550L;
  private static final IovaRange RANGE = new IovaRange(0x100_0000, MEMORY_SIZE);
  private static final int PIECE = 64 << 10;
  private static final int SLOTS = 1 << 16;
  private static final int RATE = 2000;
  private static final int MSIX = 2;
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final VfioUserClient client;
  private final Fd file;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final EventFd timer = EventFd.create();

  private TestVmm(VfioUserClient client, Path memoryFile) throws IOException {
    this.client = client;
    file = Fd.open(memoryFile);
    memory = MemoryMap.shared(file, 0, MEMORY_SIZE, true, arena);
  }

  /**
   * Connects, and sets nothing up.
   *
   * @param memoryFile a file of {@link #MEMORY_SIZE}
   */
  static TestVmm connect(Path socket, Path memoryFile) throws IOException {
    return new TestVmm(VfioUserClient.connect(socket, ClientOptions.DEFAULT), memoryFile);
  }

  VfioUserClient client() {
    return client;
  }

  /** Maps the memory, and enables the timer's interrupt. */
  TestVmm setUp() throws IOException {
    return mapMemory(MEMORY_SIZE, MEMORY_SIZE).enableTimer(timer);
  }

  /** Does the same in another way: the memory is mapped in pieces, the last one first. */
  TestVmm setUpInPieces() throws IOException {
    return mapMemory(PIECE, MEMORY_SIZE).enableTimer(timer);
  }

  /** Maps the memory in pieces up to an end. */
  TestVmm mapMemory(int piece, int end) throws IOException {
    for (int at = end - piece; at >= 0; at -= piece) {
      client.dma().map(new IovaRange(RANGE.iova() + at, piece), file, at, true);
    }
    return this;
  }

  /** Unmaps memory that was mapped in one piece, and maps its first half. */
  void remapFirstHalf() throws IOException {
    client.dma().unmapAll();
    mapMemory(MEMORY_SIZE / 2, MEMORY_SIZE / 2);
  }

  /** Enables the timer's interrupt. */
  TestVmm enableTimer(EventFd signalled) throws IOException {
    client.irqs().assign(MSIX, ScratchLayout.TIMER_VECTOR, List.of(signalled));
    return this;
  }

  /** Makes the device write to the memory from now on, and marks it. */
  TestVmm startTraffic() throws IOException {
    client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, MARK);
    client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_IOVA, RANGE.iova());
    client.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_SLOTS, SLOTS);
    client.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_RATE, RATE);
    return this;
  }

  /** Returns whether the device has not been reset since it was marked. */
  boolean isMarked() throws IOException {
    return client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH) == MARK;
  }

  /**
   * Checks that the device works for this VMM: it writes to the memory, no number is missing or comes twice, and an
   * interrupt arrives.
   *
   * @throws AssertionError if it does not
   */
  void checkWorks() throws IOException {
    long before = count();
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (count() < before + RATE / 100) {
      require(System.nanoTime() < deadline, "the traffic has stopped at " + count());
      Thread.onSpinWait();
    }
    long now = count();
    for (long n = Math.max(1, now - SLOTS + 1); n <= now; n++) {
      long slot = memory.get(ValueLayout.JAVA_LONG, (n - 1) % SLOTS * Long.BYTES);
      // While this reads, the oldest slots are overwritten.
      require(slot == n || slot == n + SLOTS, "write %d: the slot has %d".formatted(n, slot));
    }
    timer.drain();
    client.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TIMER, 1000);
    require(timer.await(TIMEOUT), "no interrupt arrives");
    client.writeInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.INT_STATUS, -1);
  }

  private long count() throws IOException {
    return client.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.TRAFFIC_COUNT);
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new AssertionError(problem);
    }
  }

  /** Disables the interrupts, unmaps the memory and resets the device, as a VMM that exits. */
  void tearDown() throws IOException {
    client.irqs().disable(MSIX);
    client.dma().unmapAll();
    client.reset();
  }

  @Override
  public void close() {
    client.close();
    timer.close();
    arena.close();
    file.close();
  }
}
