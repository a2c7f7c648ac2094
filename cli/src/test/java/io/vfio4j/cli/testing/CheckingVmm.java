// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
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
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A client in a thread of its own that uses a scratch device all the time and checks everything. Each round makes the
 * device copy a number from its memory to the client's and one back, by writes that are not acknowledged; waits for the
 * interrupt of each; and compares both numbers, a register, and the device's count of commands.
 *
 * <p>
 * So it notices a message that was lost, executed twice, or executed out of order or by a server with another state, a
 * reply that is missing or another's (the client checks the ids), and a lost interrupt.
 */
public final class CheckingVmm implements AutoCloseable {

  private static final IovaRange RANGE = new IovaRange(0x100_0000, 1 << 16);
  private static final int TO_VMM = 3 << 20;
  private static final int TO_DEVICE = TO_VMM + Long.BYTES;
  private static final int COMMANDS_PER_ROUND = 2;
  /** A REGION_WRITE of 8 bytes with its header. */
  private static final int POST_SIZE = 40;

  /** Between two rounds, so that several of these leave the processors to the servers. */
  private static final long PAUSE_NANOS = 1_000_000;
  private static final Duration LOST_DEVICE_POLL = Duration.ofMillis(200);

  private final Arena arena = Arena.ofShared();
  private final Fd file;
  private final MemorySegment memory;
  private final MemorySegment buffer = arena.allocate(1 << 16, Long.BYTES);
  private final EventFd interrupt;
  private final UnixSocket socket;
  private final VfioUserClient device;
  private final Thread thread = Thread.ofPlatform().name("test-vmm").unstarted(this::run);
  /** Taken by the thread for each round. */
  private final Semaphore running = new Semaphore(1);
  private volatile boolean ending;
  private volatile int toPost;
  private volatile int posted;
  private volatile long rounds;
  private volatile @Nullable Exception failure;
  private long interrupts;

  private CheckingVmm(UnixSocket socket) throws IOException {
    this.socket = socket;
    this.device =
        VfioUserClient.of(socket, "vmm", ClientOptions.DEFAULT.withTimeout(CommandProcesses.TIMEOUT));
    this.file = Memfd.create("guest", RANGE.length());
    this.memory = MemoryMap.shared(file, 0, RANGE.length(), true, arena);
    this.interrupt = EventFd.create();
  }

  /** Connects to a device of which it is the first user, and starts. */
  public static CheckingVmm start(Path socket) throws IOException {
    CheckingVmm vmm = new CheckingVmm(UnixSocket.connect(socket));
    vmm.device.dma().map(RANGE, vmm.file, 0, true);
    vmm.device.irqs().assign(2, ScratchLayout.COMMAND_VECTOR, List.of(vmm.interrupt));
    vmm.thread.start();
    return vmm;
  }

  private void run() {
    try {
      for (long round = rounds + 1; !ending; round++) {
        running.acquire();
        try {
          if (toPost > posted) {
            post();
          }
          round(round);
        } finally {
          running.release();
        }
        rounds = round;
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } catch (InterruptedException | IOException | WrongValue e) {
      failure = e;
    }
  }

  /** Something differs from what the device must do. */
  private static final class WrongValue extends Exception {
    private static final long serialVersionUID = 1;

    WrongValue(String message) {
      super(message);
    }
  }

  private void round(long number) throws IOException, WrongValue {
    long slot = number % 512 * Long.BYTES;
    post(ScratchLayout.MEMORY_BAR, TO_VMM, number);
    command(slot, TO_VMM, ScratchLayout.COMMAND_WRITE);
    check("the number that the device wrote", memory.get(ValueLayout.JAVA_LONG, slot), number);
    memory.set(ValueLayout.JAVA_LONG, slot, ~number);
    command(slot, TO_DEVICE, ScratchLayout.COMMAND_READ);
    check("the number that the device read", device.readLong(ScratchLayout.MEMORY_BAR, TO_DEVICE), ~number);
    check("the commands completed", device.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMPLETED),
        number * COMMANDS_PER_ROUND);
    check("a register", device.readLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH), number - 1);
    device.writeLong(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, number);
  }

  private void command(long slot, long offset, int code) throws IOException, WrongValue {
    post(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_IOVA, RANGE.iova() + slot);
    post(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_OFFSET, offset);
    post(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_LENGTH, Long.BYTES);
    buffer.set(ValueLayout.JAVA_INT, 0, code | ScratchLayout.COMMAND_INTERRUPT);
    device.regions().postWrite(ScratchLayout.REGISTERS_BAR, ScratchLayout.COMMAND,
        buffer.asSlice(0, Integer.BYTES));
    awaitInterrupt();
    int status = device.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.STATUS);
    while ((status & ScratchLayout.STATUS_BUSY) != 0) {
      status = device.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.STATUS);
    }
    check("the status", status, 0);
  }

  /** Waits for an interrupt, and for the end of the device. A swap may cause one more interrupt than there are commands. */
  private void awaitInterrupt() throws IOException, WrongValue {
    long end = System.nanoTime() + CommandProcesses.TIMEOUT.toNanos();
    while (!interrupt.await(LOST_DEVICE_POLL)) {
      device.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.STATUS);
      if (System.nanoTime() - end > 0) {
        throw new WrongValue("no interrupt has arrived after %d".formatted(interrupts));
      }
    }
    interrupts += interrupt.drain();
  }

  private void post(int region, long offset, long value) throws DeviceException {
    buffer.set(ValueLayout.JAVA_LONG, 0, value);
    device.regions().postWrite(region, offset, buffer.asSlice(0, Long.BYTES));
  }

  private static void check(String what, long actual, long expected) throws WrongValue {
    if (actual != expected) {
      throw new WrongValue("%s: 0x%x, expected 0x%x".formatted(what, actual, expected));
    }
  }

  /** Posts numbers, each to a place of its own, and reads all of them. */
  private void post() throws DeviceException, WrongValue {
    int count = toPost;
    for (int i = 0; i < count; i++) {
      post(ScratchLayout.MEMORY_BAR, (long) i * Long.BYTES, i + 1);
      posted = i + 1;
    }
    for (long at = 0; at < (long) count * Long.BYTES; at += buffer.byteSize()) {
      device.readRegion(ScratchLayout.MEMORY_BAR, at, buffer);
      for (long i = 0; i < buffer.byteSize() && at + i < (long) count * Long.BYTES; i += Long.BYTES) {
        check("a posted number", buffer.get(ValueLayout.JAVA_LONG, i), (at + i) / Long.BYTES + 1);
      }
    }
  }

  /** Waits until no round is in progress, and starts none until {@link #startPosting}. */
  public void pause() throws InterruptedException {
    running.acquire();
  }

  /**
   * Ends a pause by posting messages, while nothing is awaited from the device, and returns when the socket takes no
   * more, or all.
   */
  public void startPosting(int bytes) throws InterruptedException {
    toPost = bytes / POST_SIZE;
    running.release();
    int before;
    do {
      before = posted;
      Thread.sleep(50); // How long a socket must be full, not a wait for something to happen.
    } while (failure == null && (posted == 0 || (posted > before && posted < toPost)));
  }

  /** Disconnects, whatever the thread does now. */
  public void leave() throws InterruptedException {
    ending = true;
    socket.shutdown();
    thread.join();
  }

  /** Waits for more complete rounds, and returns whether they came: false if the device was lost. */
  public boolean awaitRounds(int more) throws InterruptedException {
    long until = rounds + more;
    while (rounds < until && thread.isAlive()) {
      thread.join(Duration.ofMillis(1));
    }
    Exception why = failure;
    if (why != null && !(why instanceof DeviceLostException)) {
      throw new AssertionError("after %d rounds".formatted(rounds), why);
    }
    return why == null;
  }

  /** Returns whether a round is completed within a time. */
  public boolean advancesWithin(Duration time) throws InterruptedException {
    long before = rounds;
    long end = System.nanoTime() + time.toNanos();
    while (rounds <= before && System.nanoTime() < end && thread.isAlive()) {
      thread.join(Duration.ofMillis(1));
    }
    return rounds > before;
  }

  /**
   * Ends the thread after a round.
   *
   * @param handovers how many swaps may each have caused one more interrupt
   */
  public void finish(int handovers) throws InterruptedException {
    ending = true;
    thread.join();
    assertThat(failure).isNull();
    assertThat(interrupts).as("interrupts in %d rounds", rounds)
        .isLessThanOrEqualTo(rounds * COMMANDS_PER_ROUND + handovers);
  }

  @Override
  public void close() {
    ending = true;
    socket.shutdown();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    device.close();
    interrupt.close();
    file.close();
    arena.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
