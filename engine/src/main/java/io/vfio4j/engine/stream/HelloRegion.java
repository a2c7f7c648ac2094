// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.util.Units;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A region of memory, as a side describes it: the values of {@link RegionFields}. */
public record HelloRegion(FieldValues<HelloRegion> values) implements RegionRules.NamedRange {

  /**
   * Describes a region.
   *
   * @param iova its first address, unsigned
   * @param size bytes
   */
  public HelloRegion(String name, long iova, long size) {
    this(RegionFields.SET.empty().with(RegionFields.NAME, name).with(RegionFields.RANGE,
        new RegionFields.Range(iova, size)));
  }

  /** Describes a received region. */
  static HelloRegion of(FieldValues<HelloRegion> values) throws StreamException {
    HelloRegion region = new HelloRegion(values);
    requireNone(RegionRules.violation(region));
    return region;
  }

  /** Checks all regions of a hello against each other. */
  static void check(List<HelloRegion> regions) throws StreamException {
    requireNone(RegionRules.violation(regions));
  }

  private static void requireNone(Optional<String> violation) throws StreamException {
    if (violation.isPresent()) {
      throw new StreamException("the hello is wrong: " + violation.get());
    }
  }

  @Override
  public String name() {
    return values.get(RegionFields.NAME);
  }

  @Override
  public long iova() {
    return values.get(RegionFields.RANGE).iova();
  }

  @Override
  public long size() {
    return values.get(RegionFields.RANGE).size();
  }

  /** Returns the bytes that the target has, or can still allocate, unsigned; empty if unknown, and of a source. */
  public OptionalLong space() {
    return values.get(RegionFields.SPACE);
  }

  /** Returns which file the region is; empty if unknown, and in a file with a saved state. */
  public Optional<FileIdentity> file() {
    return values.get(RegionFields.FILE);
  }

  public HelloRegion withSpace(OptionalLong space) {
    return new HelloRegion(values.with(RegionFields.SPACE, space));
  }

  public HelloRegion withFile(Optional<FileIdentity> file) {
    return new HelloRegion(values.with(RegionFields.FILE, file));
  }

  /** Returns whether a region of the other side has the same address and size. */
  boolean hasSameRange(HelloRegion other) {
    return values.get(RegionFields.RANGE).equals(other.values.get(RegionFields.RANGE));
  }

  /** Returns size and address as text, the size in bytes if it shall be exact. */
  public String rangeText(boolean exact) {
    return "%s at 0x%x".formatted(Units.bytes(size(), exact), iova());
  }
}
