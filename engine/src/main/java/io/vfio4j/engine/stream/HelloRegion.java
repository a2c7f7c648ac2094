// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.util.Units;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A region of memory, as it is introduced.
 *
 * @param name its name
 * @param iova its first address, unsigned
 * @param size bytes
 * @param space how many bytes of it a target has room for, unsigned: those that are there already, and those that can
 *     still be had; empty where nobody knows, and of a source
 * @param file which file it is; empty where nobody knows, and in a file with a saved state
 */
public record HelloRegion(String name, long iova, long size, OptionalLong space, Optional<FileIdentity> file)
    implements
      RegionRules.NamedRange {

  /** The tag of a region at the top of a hello. */
  public static final int TAG_REGION = 2;

  private static final int TAG_NAME = 1;
  private static final int TAG_RANGE = 2;
  private static final int TAG_SPACE = 3;
  private static final int TAG_FILE = 4;
  private static final int RANGE_BYTES = 20;

  /** Makes one of which nobody says how much room there is. */
  public HelloRegion(String name, long iova, long size) {
    this(name, iova, size, OptionalLong.empty());
  }

  /** Makes one of which nobody says which file it is. */
  public HelloRegion(String name, long iova, long size, OptionalLong room) {
    this(name, iova, size, room, Optional.empty());
  }

  /** Puts the whole field. */
  public void write(ByteBuffer into) {
    int region = TagLengthValue.beginField(into, TAG_REGION, true);
    int text = TagLengthValue.beginField(into, TAG_NAME, true);
    PeerText.write(into, name, RegionRules.MAX_NAME);
    TagLengthValue.endField(into, text);
    int place = TagLengthValue.beginField(into, TAG_RANGE, true);
    into.putLong(iova).putLong(size).putInt((int) RegionRules.PAGE_SIZE);
    TagLengthValue.endField(into, place);
    if (space.isPresent()) {
      int bytes = TagLengthValue.beginField(into, TAG_SPACE, false);
      TagLengthValue.endField(into.putLong(space.getAsLong()), bytes);
    }
    if (file.isPresent()) {
      int identity = TagLengthValue.beginField(into, TAG_FILE, false);
      TagLengthValue.endField(into.putLong(file.get().high()).putLong(file.get().low()), identity);
    }
    TagLengthValue.endField(into, region);
  }

  /** Takes the value of the field. */
  public static HelloRegion read(ByteBuffer from) throws StreamException {
    TagLengthValue.Fields fields = TagLengthValue.readAll(from, TAG_FILE);
    String name = fields.text(TAG_NAME, RegionRules.MAX_NAME);
    ByteBuffer place = fields.required(TAG_RANGE, RANGE_BYTES);
    HelloRegion region =
        new HelloRegion(name, place.getLong(), place.getLong(), fields.optionalLong(TAG_SPACE),
            fields.optional(TAG_FILE, FileIdentity.BYTES).map(HelloRegion::identity));
    long pageSize = Integer.toUnsignedLong(place.getInt());
    if (pageSize != RegionRules.PAGE_SIZE) {
      throw new StreamException("the hello has memory in pages of %d bytes instead of %d"
          .formatted(pageSize, RegionRules.PAGE_SIZE));
    }
    Optional<String> complaint = RegionRules.violation(region);
    if (complaint.isPresent()) {
      throw new StreamException("the hello is wrong: " + complaint.get());
    }
    return region;
  }

  private static FileIdentity identity(ByteBuffer from) {
    return new FileIdentity(from.getLong(), from.getLong());
  }

  /** Checks all regions of a hello beside each other. */
  public static List<HelloRegion> checkAll(List<HelloRegion> regions) throws StreamException {
    Optional<String> complaint = RegionRules.violation(regions);
    if (complaint.isPresent()) {
      throw new StreamException("the hello is wrong: " + complaint.get());
    }
    return List.copyOf(regions);
  }

  /** Tells whether a region of the other side has the same place. */
  public boolean hasSameRange(HelloRegion other) {
    return iova == other.iova && size == other.size;
  }

  /** Returns size and place in words, the size to the byte where words alone would not do. */
  public String rangeText(boolean exact) {
    return "%s at 0x%x".formatted(Units.bytes(size, exact), iova);
  }
}
