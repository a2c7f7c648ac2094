// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/**
 * What a {@link SimulatedDevice} is like.
 *
 * @param name its name
 * @param features what it can do of migration
 * @param pages pages of {@value #PAGE_BYTES} bytes that it holds, at least 2
 * @param seed of its content and its changes; 0 for a content of zeros
 * @param deviceId PCI device id, by which two devices are of one kind or not
 * @param changesPerRead how many pages it changes, while it runs, before each read: as many as fit into a
 *     read or more make it never converge
 * @param chunk bytes that a read gives at most
 * @param reportsPreCopyInfo whether it tells what is pending
 * @param estimatesLength whether it estimates its stop-copy length
 * @param faults the troubles it has
 * @param clock its time, which it sets forward itself
 * @param nanosPerByte how long reading or writing a byte takes
 * @param observer hears of every change of its state
 */
public record SimulatedSettings(String name, MigrationFeatures features, int pages, long seed, int deviceId,
    int changesPerRead, long chunk, boolean reportsPreCopyInfo, boolean estimatesLength, FaultPlan faults,
    ManualClock clock, long nanosPerByte, Observer observer) {

  /** Bytes of a page. */
  public static final int PAGE_BYTES = SimulatedState.PAGE;

  /** Hears of the changes of devices, in the threads that use them. */
  @FunctionalInterface
  public interface Observer {

    /** Hears nothing. */
    Observer NONE = (device, from, to, reason) -> {
    };

    /**
     * A device changed its state.
     *
     * @param device which
     * @param from where it was
     * @param to where it is now
     * @param reason why, for people
     */
    void stateChanged(SimulatedDevice device, DeviceState from, DeviceState to, String reason);
  }

  /**
   * Checks the settings.
   *
   * @throws IllegalArgumentException if a number is out of its range
   */
  public SimulatedSettings {
    if (pages < 2 || chunk < 1 || changesPerRead < 0 || nanosPerByte < 0) {
      throw new IllegalArgumentException("at least 2 pages, 1 byte a read, and nothing negative");
    }
  }

  /** Returns a device with all features and 16 pages of zeros, which takes no time and has no trouble. */
  public static SimulatedSettings named(String name) {
    return new SimulatedSettings(name, MigrationFeatures.ALL, 16, 0, 0x5634, 0, 1 << 20, true, true,
        FaultPlan.NONE,
        new ManualClock(), 0, Observer.NONE);
  }

  /** Returns who the device says it is. */
  public DeviceIdentity identity() {
    return new DeviceIdentity(name, 0x1234, deviceId, 0x1234, 1, 0xff0000, "testkit");
  }

  /** Returns the device. */
  public SimulatedDevice device() {
    return new SimulatedDevice(this);
  }

  /** Returns these settings with other features. */
  public SimulatedSettings withFeatures(MigrationFeatures other) {
    return new SimulatedSettings(name, other, pages, seed, deviceId, changesPerRead, chunk,
        reportsPreCopyInfo,
        estimatesLength, faults, clock, nanosPerByte, observer);
  }

  /** Returns these settings with a content: so many pages, filled from a seed, or with zeros for seed 0. */
  public SimulatedSettings withContent(int otherPages, long otherSeed) {
    return new SimulatedSettings(name, features, otherPages, otherSeed, deviceId, changesPerRead, chunk,
        reportsPreCopyInfo, estimatesLength, faults, clock, nanosPerByte, observer);
  }

  /** Returns these settings with another PCI device id. */
  public SimulatedSettings withDeviceId(int other) {
    return new SimulatedSettings(name, features, pages, seed, other, changesPerRead, chunk,
        reportsPreCopyInfo,
        estimatesLength, faults, clock, nanosPerByte, observer);
  }

  /**
   * Returns these settings with another number of pages that change before a read, and bytes that a read
   * gives.
   */
  public SimulatedSettings withChanges(int perRead, long otherChunk) {
    return new SimulatedSettings(name, features, pages, seed, deviceId, perRead, otherChunk,
        reportsPreCopyInfo,
        estimatesLength, faults, clock, nanosPerByte, observer);
  }

  /** Returns these settings with or without the two estimates that a device may give. */
  public SimulatedSettings withEstimates(boolean preCopyInfo, boolean length) {
    return new SimulatedSettings(name, features, pages, seed, deviceId, changesPerRead, chunk, preCopyInfo,
        length,
        faults, clock, nanosPerByte, observer);
  }

  /** Returns these settings with troubles. */
  public SimulatedSettings withFaults(Fault... others) {
    return new SimulatedSettings(name, features, pages, seed, deviceId, changesPerRead, chunk,
        reportsPreCopyInfo,
        estimatesLength, FaultPlan.of(others), clock, nanosPerByte, observer);
  }

  /** Returns these settings with a clock, and a time that a byte takes. */
  public SimulatedSettings withClock(ManualClock other, long otherNanosPerByte) {
    return new SimulatedSettings(name, features, pages, seed, deviceId, changesPerRead, chunk,
        reportsPreCopyInfo,
        estimatesLength, faults, other, otherNanosPerByte, observer);
  }

  /** Returns these settings with somebody who hears of every change of state. */
  public SimulatedSettings withObserver(Observer other) {
    return new SimulatedSettings(name, features, pages, seed, deviceId, changesPerRead, chunk,
        reportsPreCopyInfo,
        estimatesLength, faults, clock, nanosPerByte, other);
  }
}
