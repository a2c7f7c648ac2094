// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.linux.EventFd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A connection to a scratch device with the guest's memory mapped and interrupts set up. This is the setup that is not part
 * of a migration, and is done at the source and at the target alike.
 */
final class GuestDevice implements AutoCloseable {

  private static final int REGISTERS = ScratchLayout.REGISTERS_BAR;
  private static final Duration SLICE = Duration.ofMillis(200);

  private final VfioUserClient client;
  private final List<EventFd> vectors = new ArrayList<>();

  GuestDevice(Path socket, GuestMemory guest) throws IOException {
    client = VfioUserClient.connect(socket, ClientOptions.DEFAULT.withTimeout(Duration.ofSeconds(30)));
    try {
      for (int vector = 0; vector < ScratchLayout.VECTORS; vector++) {
        vectors.add(EventFd.create());
      }
      client.dma().map(guest.range(), guest.fd(), 0, true);
      client.irqs().assign(DeviceDescription.MSIX, 0, vectors);
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  VfioUserClient client() {
    return client;
  }

  /** Returns the device's name in migration events. */
  String name() {
    return client.identity().name();
  }

  long read64(int register) throws DeviceException {
    return client.readLong(REGISTERS, register);
  }

  int read32(int register) throws DeviceException {
    return client.readInt(REGISTERS, register);
  }

  void write64(int register, long value) throws DeviceException {
    client.writeLong(REGISTERS, register, value);
  }

  void write32(int register, int value) throws DeviceException {
    client.writeInt(REGISTERS, register, value);
  }

  /** Starts the traffic to the guest's slots. */
  void startTraffic(long slots, int perSecond) throws DeviceException {
    write64(ScratchLayout.TRAFFIC_IOVA, GuestMemory.IOVA);
    write32(ScratchLayout.TRAFFIC_SLOTS, (int) slots);
    write32(ScratchLayout.TRAFFIC_RATE, perSecond);
  }

  /** Starts the second traffic, to another device's memory. */
  void startPeerTraffic(PeerMemory peer, int perSecond) throws DeviceException {
    peer.mapInto(client);
    write64(ScratchLayout.SECOND_TRAFFIC + ScratchLayout.TRAFFIC_IOVA, PeerMemory.IOVA);
    write32(ScratchLayout.SECOND_TRAFFIC + ScratchLayout.TRAFFIC_SLOTS, PeerMemory.SLOTS);
    write32(ScratchLayout.SECOND_TRAFFIC + ScratchLayout.TRAFFIC_RATE, perSecond);
  }

  /** Stops the second traffic and returns the number of its last write. */
  long stopPeerTraffic() throws DeviceException {
    write32(ScratchLayout.SECOND_TRAFFIC + ScratchLayout.TRAFFIC_RATE, 0);
    return peerTrafficCount();
  }

  long peerTrafficCount() throws DeviceException {
    return read64(ScratchLayout.SECOND_TRAFFIC + ScratchLayout.TRAFFIC_COUNT);
  }

  /** Stops traffic and returns the number of the last write. */
  long stopTraffic() throws DeviceException {
    write32(ScratchLayout.TRAFFIC_RATE, 0);
    return trafficCount();
  }

  long trafficCount() throws DeviceException {
    return read64(ScratchLayout.TRAFFIC_COUNT);
  }

  /** Starts changes of internal memory; a rate of 0 stops them. */
  void startChurn(int perSecond) throws DeviceException {
    write32(ScratchLayout.CHURN_RATE, perSecond);
  }

  /**
   * Executes a DMA command, and waits for its interrupt.
   *
   * @return the number of interrupts since the command before
   */
  long command(int command, long iova, long offset, long length) throws IOException {
    write64(ScratchLayout.DMA_IOVA, iova);
    write64(ScratchLayout.DMA_OFFSET, offset);
    write64(ScratchLayout.DMA_LENGTH, length);
    EventFd done = commandVector();
    long earlier = done.drain();
    write32(ScratchLayout.COMMAND, command | ScratchLayout.COMMAND_INTERRUPT);
    if (!await(done, Duration.ofSeconds(10))) {
      throw new IOException("a DMA command of %s was not completed (after %d earlier interrupts)"
          .formatted(client.identity().name(), earlier));
    }
    return earlier + done.drain();
  }

  /** Arms the timer, replacing an earlier deadline, and forgets earlier interrupts. */
  void armTimer(Duration runningTime) throws IOException {
    startTimer(runningTime);
    timer().drain();
  }

  /** Arms the timer, replacing an earlier deadline. */
  void startTimer(Duration runningTime) throws DeviceException {
    write64(ScratchLayout.TIMER, runningTime.toNanos() / 1000);
  }

  /** Returns the eventfd that counts the interrupts of commands. */
  EventFd commandVector() {
    return vectors.get(ScratchLayout.COMMAND_VECTOR);
  }

  /** Returns the timer's eventfd, which counts its interrupts. */
  EventFd timer() {
    return vectors.get(ScratchLayout.TIMER_VECTOR);
  }

  /** Waits for the timer, and returns whether it fired in time. */
  boolean awaitTimer(Duration timeout) throws IOException {
    return await(timer(), timeout);
  }

  /** Waits in slices, since a wait for an eventfd cannot be interrupted. */
  private static boolean await(EventFd eventFd, Duration timeout) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!eventFd.await(SLICE)) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted");
      }
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
    }
    return true;
  }

  /** Reads internal memory of the device. */
  void readMemory(long offset, MemorySegment into) throws DeviceException {
    client.readRegion(ScratchLayout.MEMORY_BAR, offset, into);
  }

  @Override
  public void close() {
    client.close();
    vectors.forEach(EventFd::close);
  }
}
