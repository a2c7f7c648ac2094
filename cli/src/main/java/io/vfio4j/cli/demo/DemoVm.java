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
 * The virtual machine that the demonstration plays: it has memory and drives a device in it, as a guest's driver
 * would, while that device is moved.
 */
final class DemoVm implements AutoCloseable {

  private static final Duration TIMER_TIMEOUT = Duration.ofSeconds(60);
  static final Duration WARM_UP = Duration.ofMillis(300);

  private final GuestMemory guest;
  private final TrafficSlots slots;
  private final GuestDevice source;
  private final long scratchValue = ThreadLocalRandom.current().nextLong();

  /** Makes the machine, with its memory and a device that does nothing yet. */
  DemoVm(Path sourceSocket) throws IOException {
    this(sourceSocket, GuestMemory.SLOTS);
  }

  /** Makes one with so many slots for traffic. */
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

  TrafficSlots slots() {
    return slots;
  }

  /** Connects to a further device and gives it the machine's memory. It is the caller's. */
  GuestDevice connect(Path socket) throws IOException {
    return new GuestDevice(socket, guest);
  }

  /** Puts the device to work: a command, traffic, churn. Returns when all of it has been seen going on. */
  void startWork(long memory, int trafficRate, int churnRate) throws IOException {
    configureWork(memory, trafficRate, churnRate);
    runFor(source, WARM_UP);
  }

  /** Puts the device to work. */
  void configureWork(long memory, int trafficRate, int churnRate) throws IOException {
    source.write64(ScratchLayout.SCRATCH, scratchValue);
    guest.page().setAtIndex(ValueLayout.JAVA_LONG, 0, scratchValue);
    // The end of the last page, which churn, at the start of pages, leaves alone, and so do others at the beginning.
    source.command(ScratchLayout.COMMAND_READ, guest.pageIova(), memory - Long.BYTES, Long.BYTES);
    source.startTraffic(slots.count(), trafficRate);
    source.write32(ScratchLayout.CHURN_RATE, churnRate);
  }

  /** Lets a device run for a while of its own time, which its timer measures. */
  void runFor(GuestDevice device, Duration runningTime) throws IOException {
    device.armTimer(runningTime);
    if (!device.awaitTimer(TIMER_TIMEOUT)) {
      throw new IOException(device.client().identity().name() + ": its timer never fired");
    }
    device.timer().drain();
  }

  long scratchValue() {
    return scratchValue;
  }

  /** Returns an observer of a migration of the source to a device. */
  SwitchoverObserver observe(String target, MigrationListener next) {
    return new SwitchoverObserver(source, target, slots, next);
  }

  @Override
  public void close() {
    source.close();
    guest.close();
  }
}
