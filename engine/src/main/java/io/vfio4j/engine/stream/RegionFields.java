// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.util.Units;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;

/** The fields of a region of memory in a HELLO. */
public final class RegionFields {

  public static final FieldSet<HelloRegion> SET = new FieldSet<>(HelloRegion::values);

  static final Field<HelloRegion, String> NAME =
      SET.declare(1, "name", FieldCodec.text(RegionRules.MAX_NAME)).mandatory().field();

  static final Field<HelloRegion, Range> RANGE = SET.declare(2, "place",
      FieldCodec.required(Range.BYTES, RegionFields::writeRange, RegionFields::readRange))
      .mandatory().compared(RegionFields::comparePlace).field();

  /** The bytes of the region that the target has, or can still allocate, unsigned. */
  static final Field<HelloRegion, OptionalLong> SPACE = SET.declare(3, "room", FieldCodec.optionalU64())
      .onlyFrom(Side.TARGET).compared(RegionFields::compareRoom).field();

  /** The file behind the region; the comparison needs all regions of both sides, and is the pre-flight's. */
  static final Field<HelloRegion, Optional<FileIdentity>> FILE = SET.declare(4, "file",
      FieldCodec.optional(FileIdentity.BYTES, (into, file) -> into.putLong(file.high()).putLong(file.low()),
          from -> new FileIdentity(from.getLong(), from.getLong())))
      .field();

  private RegionFields() {
  }

  /** First address and size in bytes, both unsigned. */
  record Range(long iova, long size) {
    static final int BYTES = 2 * Long.BYTES + Integer.BYTES;
  }

  private static void writeRange(ByteBuffer into, Range range) {
    into.putLong(range.iova()).putLong(range.size()).putInt((int) RegionRules.PAGE_SIZE);
  }

  private static Range readRange(ByteBuffer from) throws StreamException {
    Range range = new Range(from.getLong(), from.getLong());
    long pageSize = Integer.toUnsignedLong(from.getInt());
    if (pageSize != RegionRules.PAGE_SIZE) {
      throw new StreamException("the hello has memory in pages of %d bytes instead of %d"
          .formatted(pageSize, RegionRules.PAGE_SIZE));
    }
    return range;
  }

  private static Property comparePlace(HelloRegion source, HelloRegion target) {
    boolean exact =
        Units.bytes(source.size()).equals(Units.bytes(target.size())) && source.size() != target.size();
    String ours = source.rangeText(exact);
    String theirs = target.rangeText(exact);
    return source.hasSameRange(target)
        ? Property.informative("place", ours, theirs)
        : Property.refused("place", ours, theirs,
            "the memory differs: the source's region %s is %s, the target's is %s".formatted(source.name(),
                ours, theirs));
  }

  /** Without room, a write during the migration would be a page fault that cannot be served. */
  private static Property compareRoom(HelloRegion source, HelloRegion target) {
    if (target.space().isEmpty()) {
      return Property.informative("room", Units.bytes(source.size()), "unknown");
    }
    long size = target.size();
    long room = target.space().getAsLong() < 0 ? Long.MAX_VALUE : target.space().getAsLong(); // It is unsigned.
    boolean exact = room < size && Units.bytes(room).equals(Units.bytes(size));
    String has = Units.bytes(room, exact);
    String needs = Units.bytes(size, exact);
    return Property.checked("room", needs, has, room >= size ? Optional.empty()
        : Optional.of("the target has room for %s of its region %s, which has %s".formatted(has,
            target.name(), needs)));
  }
}
