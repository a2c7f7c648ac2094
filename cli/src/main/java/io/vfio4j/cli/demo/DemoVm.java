// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.engine.MigrationListener;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The virtual machine of the demonstration: it has memory, and drives a device as a guest's driver would while the device
 * is migrated.
 */
final class DemoVm implements AutoCloseable {

  private static final Duration TIMER_TIMEOUT = Duration.ofSeconds(60);
  static final Duration WARM_UP = Duration.ofMillis(300);

  private final GuestMemory guest;
  private final TrafficSlots slots;
  private final GuestDevice source;
  private final long scratchValue = ThreadLocalRandom.current().nextLong();

  /** Creates the machine with its memory and an idle device. */
  DemoVm(Path sourceSocket) throws IOException {
    this(sourceSocket, GuestMemory.SLOTS);
  }

  /** Creates a machine with a number of slots for traffic. */
  DemoVm(Path sourceSocket, long slotCount) throws IOException {
    guest = new GuestMemory(slotCount);
    slots = new TrafficSlots(guest.slots());
    try {
      source = new GuestDevice(sourceSocket, guest);
    } catch (IOException | RuntimeException e) {
      guest.close();
      throw e;
    }
  }

  GuestDevice source() {
    return source;
  }

  GuestMemory guest() {
    return guest;
  }

  TrafficSlots slots() {
    return slots;
  }

  /** Connects to another device and maps the machine's memory into it. The caller closes it. */
  GuestDevice connect(Path socket) throws IOException {
    return new GuestDevice(socket, guest);
  }

  /** Starts a command, traffic and churn, and returns after the device has run for a while. */
  void startWork(long memory, int trafficRate, int churnRate) throws IOException {
    configureWork(memory, trafficRate, churnRate);
    runFor(source, WARM_UP);
  }

  /** Starts a command, traffic and churn. */
  void configureWork(long memory, int trafficRate, int churnRate) throws IOException {
    source.write64(ScratchLayout.SCRATCH, scratchValue);
    guest.page().setAtIndex(ValueLayout.JAVA_LONG, 0, scratchValue);
    // At the end of the last page: churn writes to the start of pages, peers to the start of the memory.
    source.command(ScratchLayout.COMMAND_READ, guest.pageIova(), memory - Long.BYTES, Long.BYTES);
    source.startTraffic(slots.count(), trafficRate);
    source.write32(ScratchLayout.CHURN_RATE, churnRate);
  }

  /** Waits until a device has run for a time, measured by its timer. */
  void runFor(GuestDevice device, Duration runningTime) throws IOException {
    device.armTimer(runningTime);
    if (!device.awaitTimer(TIMER_TIMEOUT)) {
      throw new IOException(device.client().identity().name() + ": the timer never fired");
    }
    device.timer().drain();
  }

  long scratchValue() {
    return scratchValue;
  }

  /** Creates an observer of a migration of the source to a device. */
  SwitchoverObserver observe(String target, MigrationListener next) {
    return new SwitchoverObserver(source, target, slots, next);
  }

  @Override
  public void close() {
    source.close();
    guest.close();
  }
}
