// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.MigrationFeatures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The configuration of a scratch device.
 *
 * @param name the name in messages
 * @param memorySize bytes of internal memory: a multiple of 4096 from 4096 to {@link #MAX_MEMORY_SIZE}
 * @param content a file that holds the initial content of the memory, as much of it as fits; the default is zeros
 * @param features the migration features that the device supports
 * @param faults the faults to inject
 * @param mappable whether clients may map the internal memory; changed pages are then found by comparison
 * @param secondTraffic whether the device has a second traffic generator ({@link ScratchLayout#SECOND_TRAFFIC}); a device
 *     with one and a device without cannot load each other's state
 * @param passesMemory as in {@link io.vfio4j.devices.DeviceSetup}
 */
public record ScratchConfig(String name, long memorySize, Optional<Path> content, MigrationFeatures features,
    List<Fault> faults, boolean mappable, boolean secondTraffic, boolean passesMemory) {

  /** The maximum size of the internal memory in bytes. */
  public static final long MAX_MEMORY_SIZE = 1L << 46;

  /** The internal memory of {@link #named} in bytes. */
  public static final long DEFAULT_MEMORY_SIZE = 64L << 20;

  /**
   * Checks the size and copies the faults.
   *
   * @throws IllegalArgumentException if the size is not valid
   */
  public ScratchConfig {
    if (memorySize <= 0 || memorySize % ScratchLayout.PAGE_SIZE != 0 || memorySize > MAX_MEMORY_SIZE) {
      throw new IllegalArgumentException(
          "internal memory of %d bytes: expected a multiple of %d from %d to %d"
              .formatted(memorySize, ScratchLayout.PAGE_SIZE, ScratchLayout.PAGE_SIZE, MAX_MEMORY_SIZE));
    }
    faults = List.copyOf(faults);
  }

  /** Collects the values of a configuration. */
  private static final class Builder {

    private final String name;
    private long memorySize = DEFAULT_MEMORY_SIZE;
    private Optional<Path> content = Optional.empty();
    private MigrationFeatures features = MigrationFeatures.ALL;
    private List<Fault> faults = List.of();
    private boolean mappable;
    private boolean secondTraffic;
    private boolean passesMemory;

    Builder(String name) {
      this.name = name;
    }

    ScratchConfig build() {
      return new ScratchConfig(name, memorySize, content, features, faults, mappable, secondTraffic,
          passesMemory);
    }
  }

  private ScratchConfig with(Consumer<Builder> change) {
    Builder builder = new Builder(name);
    builder.memorySize = memorySize;
    builder.content = content;
    builder.features = features;
    builder.faults = faults;
    builder.mappable = mappable;
    builder.secondTraffic = secondTraffic;
    builder.passesMemory = passesMemory;
    change.accept(builder);
    return builder.build();
  }

  /** Returns a device with 64 MiB of zeros, not mappable, with all migration features, one traffic generator, no faults. */
  public static ScratchConfig named(String name) {
    return new Builder(name).build();
  }

  /**
   * Returns this with another size of memory.
   *
   * @throws IllegalArgumentException if the size is not valid
   */
  public ScratchConfig withMemorySize(long bytes) {
    return with(builder -> builder.memorySize = bytes);
  }

  /** Returns this with a file that holds the memory's initial content. */
  public ScratchConfig withContent(Path file) {
    return with(builder -> builder.content = Optional.of(file));
  }

  /** Returns this with other migration features. */
  public ScratchConfig withFeatures(MigrationFeatures other) {
    return with(builder -> builder.features = other);
  }

  /** Returns this with other faults. */
  public ScratchConfig withFaults(List<Fault> others) {
    return with(builder -> builder.faults = others);
  }

  /** Returns this with an additional fault. */
  public ScratchConfig withFault(Fault fault) {
    List<Fault> all = new ArrayList<>(faults);
    all.add(fault);
    return withFaults(all);
  }

  /** Returns this with memory that clients may map, or may not. */
  public ScratchConfig withMappable(boolean allowed) {
    return with(builder -> builder.mappable = allowed);
  }

  /** Returns this with a second traffic generator, or without one. */
  public ScratchConfig withSecondTraffic(boolean present) {
    return with(builder -> builder.secondTraffic = present);
  }

  /** Returns this with memory that can be passed to another server, or without. */
  public ScratchConfig withPassesMemory(boolean passes) {
    return with(builder -> builder.passesMemory = passes);
  }
}
