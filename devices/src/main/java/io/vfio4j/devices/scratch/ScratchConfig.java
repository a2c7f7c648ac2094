// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.MigrationFeatures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a scratch device is to be like.
 *
 * @param name what messages call it
 * @param memorySize bytes of internal memory: a multiple of 4096 from 4096 to {@link #MAX_MEMORY_SIZE}
 * @param content a file whose beginning is the initial content of the memory, as much of it as fits; without one
 *     the memory is zeros
 * @param features what it can do of migration
 * @param faults what is to go wrong
 * @param mappable whether others may map the internal memory; changes are then found by comparing
 * @param secondTraffic whether it has a second generator of traffic, as {@link ScratchLayout#SECOND_TRAFFIC} has it;
 *     only such devices can load each other's state
 */
public record ScratchConfig(String name, long memorySize, Optional<Path> content, MigrationFeatures features,
    List<Fault> faults, boolean mappable, boolean secondTraffic) {

  /** The most internal memory there can be, in bytes. */
  public static final long MAX_MEMORY_SIZE = 1L << 46;

  /** The internal memory of {@link #named}, in bytes. */
  public static final long DEFAULT_MEMORY_SIZE = 64L << 20;

  /**
   * Checks the size and copies the faults.
   *
   * @throws IllegalArgumentException if the size is not one that the memory can have
   */
  public ScratchConfig {
    if (memorySize <= 0 || memorySize % ScratchLayout.PAGE_SIZE != 0 || memorySize > MAX_MEMORY_SIZE) {
      throw new IllegalArgumentException("internal memory of %d bytes: give a multiple of %d from %d to %d"
          .formatted(memorySize, ScratchLayout.PAGE_SIZE, ScratchLayout.PAGE_SIZE, MAX_MEMORY_SIZE));
    }
    faults = List.copyOf(faults);
  }

  /** Returns a device of 64 MiB of zeros, with every migration feature, without faults, not mappable, with one traffic. */
  public static ScratchConfig named(String name) {
    return new ScratchConfig(name, DEFAULT_MEMORY_SIZE, Optional.empty(), MigrationFeatures.ALL, List.of(),
        false, false);
  }

  /**
   * Returns this with another size of memory.
   *
   * @throws IllegalArgumentException if it is not one that the memory can have
   */
  public ScratchConfig withMemorySize(long bytes) {
    return new ScratchConfig(name, bytes, content, features, faults, mappable, secondTraffic);
  }

  /** Returns this with a file that is the memory's initial content. */
  public ScratchConfig withContent(Path file) {
    return new ScratchConfig(name, memorySize, Optional.of(file), features, faults, mappable, secondTraffic);
  }

  /** Returns this with other migration features. */
  public ScratchConfig withFeatures(MigrationFeatures other) {
    return new ScratchConfig(name, memorySize, content, other, faults, mappable, secondTraffic);
  }

  /** Returns this with other faults. */
  public ScratchConfig withFaults(List<Fault> others) {
    return new ScratchConfig(name, memorySize, content, features, others, mappable, secondTraffic);
  }

  /** Returns this with one fault more. */
  public ScratchConfig withFault(Fault fault) {
    List<Fault> more = new ArrayList<>(faults);
    more.add(fault);
    return withFaults(more);
  }

  /** Returns this with memory that others may map, or may not. */
  public ScratchConfig withMappable(boolean isMappable) {
    return new ScratchConfig(name, memorySize, content, features, faults, isMappable, secondTraffic);
  }

  /** Returns this with a second generator of traffic, or without. */
  public ScratchConfig withSecondTraffic(boolean hasSecond) {
    return new ScratchConfig(name, memorySize, content, features, faults, mappable, hasSecond);
  }
}
