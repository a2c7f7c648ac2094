// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import java.util.function.Consumer;

/**
 * The settings of a {@link SimulatedDevice}.
 *
 * @param name its name
 * @param features its migration features
 * @param pages the size of its content in pages of {@value #PAGE_BYTES} bytes, at least 2
 * @param seed of its content and changes; 0 for a content of zeros
 * @param deviceId PCI device ID; devices with different IDs are incompatible
 * @param changesPerRead pages that change before each read while it runs; it never converges with as many pages as
 *     fit into a read
 * @param chunk maximum bytes per read
 * @param reportsPreCopyInfo whether it reports pending bytes
 * @param estimatesLength whether it estimates its stop-copy length
 * @param faults the faults to inject
 * @param clock its clock, which the device itself advances
 * @param nanosPerByte time to read or write a byte
 * @param observer notified of every change of its state
 */
public record SimulatedSettings(String name, MigrationFeatures features, int pages, long seed, int deviceId,
    int changesPerRead, long chunk, boolean reportsPreCopyInfo, boolean estimatesLength, FaultPlan faults,
    ManualClock clock, long nanosPerByte, Observer observer) {

  /** Bytes of a page. */
  public static final int PAGE_BYTES = SimulatedState.PAGE;

  /** Receives the state changes of devices, on the threads that use them. */
  @FunctionalInterface
  public interface Observer {

    /** Ignores all changes. */
    Observer NONE = (device, from, to, reason) -> {
    };

    /**
     * Called when a device has changed its state.
     *
     * @param device the device
     * @param from the previous state
     * @param to the new state
     * @param reason the cause, as text
     */
    void stateChanged(SimulatedDevice device, DeviceState from, DeviceState to, String reason);
  }

  /**
   * Validates the settings.
   *
   * @throws IllegalArgumentException if a number is out of range
   */
  public SimulatedSettings {
    if (pages < 2 || chunk < 1 || changesPerRead < 0 || nanosPerByte < 0) {
      throw new IllegalArgumentException(
          "at least 2 pages, at least 1 byte per read, and no negative numbers");
    }
  }

  /** Returns settings with all features, 16 pages of zeros, no delays and no faults. */
  public static SimulatedSettings named(String name) {
    return new SimulatedSettings(name, MigrationFeatures.ALL, 16, 0, 0x5634, 0, 1 << 20, true, true,
        FaultPlan.NONE,
        new ManualClock(), 0, Observer.NONE);
  }

  /** Returns the identity that the device reports. */
  public DeviceIdentity identity() {
    return new DeviceIdentity(name, 0x1234, deviceId, 0x1234, 1, 0xff0000, "testkit");
  }

  /** Creates the device. */
  public SimulatedDevice device() {
    return new SimulatedDevice(this);
  }

  /** Returns these settings with other features. */
  public SimulatedSettings withFeatures(MigrationFeatures other) {
    return with(builder -> builder.features = other);
  }

  /** Returns these settings with a content of this many pages, filled from a seed, or with zeros for seed 0. */
  public SimulatedSettings withContent(int otherPages, long otherSeed) {
    return with(builder -> {
      builder.pages = otherPages;
      builder.seed = otherSeed;
    });
  }

  /** Returns these settings with another PCI device ID. */
  public SimulatedSettings withDeviceId(int other) {
    return with(builder -> builder.deviceId = other);
  }

  /** Returns these settings with other pages changed per read and maximum bytes per read. */
  public SimulatedSettings withChanges(int perRead, long otherChunk) {
    return with(builder -> {
      builder.changesPerRead = perRead;
      builder.chunk = otherChunk;
    });
  }

  /** Returns these settings with or without pre-copy info and a stop-copy length. */
  public SimulatedSettings withEstimates(boolean preCopyInfo, boolean length) {
    return with(builder -> {
      builder.reportsPreCopyInfo = preCopyInfo;
      builder.estimatesLength = length;
    });
  }

  /** Returns these settings with faults to inject. */
  public SimulatedSettings withFaults(Fault... others) {
    return with(builder -> builder.faults = FaultPlan.of(others));
  }

  /** Returns these settings with a clock and a time per byte. */
  public SimulatedSettings withClock(ManualClock other, long otherNanosPerByte) {
    return with(builder -> {
      builder.clock = other;
      builder.nanosPerByte = otherNanosPerByte;
    });
  }

  /** Returns these settings with an observer of state changes. */
  public SimulatedSettings withObserver(Observer other) {
    return with(builder -> builder.observer = other);
  }

  private SimulatedSettings with(Consumer<Builder> change) {
    Builder builder = new Builder(this);
    change.accept(builder);
    return builder.build();
  }

  private static final class Builder {

    private final String name;
    private MigrationFeatures features;
    private int pages;
    private long seed;
    private int deviceId;
    private int changesPerRead;
    private long chunk;
    private boolean reportsPreCopyInfo;
    private boolean estimatesLength;
    private FaultPlan faults;
    private ManualClock clock;
    private long nanosPerByte;
    private Observer observer;

    Builder(SimulatedSettings from) {
      name = from.name;
      features = from.features;
      pages = from.pages;
      seed = from.seed;
      deviceId = from.deviceId;
      changesPerRead = from.changesPerRead;
      chunk = from.chunk;
      reportsPreCopyInfo = from.reportsPreCopyInfo;
      estimatesLength = from.estimatesLength;
      faults = from.faults;
      clock = from.clock;
      nanosPerByte = from.nanosPerByte;
      observer = from.observer;
    }

    SimulatedSettings build() {
      return new SimulatedSettings(name, features, pages, seed, deviceId, changesPerRead, chunk,
          reportsPreCopyInfo, estimatesLength, faults, clock, nanosPerByte, observer);
    }
  }
}
