// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
 * @param room how many bytes of it a target has room for, unsigned: those that are there already, and those that can
 *     still be had; empty where nobody knows, and of a source
 * @param file which file it is; empty where nobody knows, and in a file with a saved state
 */
record HelloRegion(String name, long iova, long size, OptionalLong room, Optional<FileIdentity> file)
    implements
      RegionRules.Placed {

  /** The tag of a region at the top of a hello. */
  static final int TAG_REGION = 2;

  private static final int TAG_NAME = 1;
  private static final int TAG_PLACE = 2;
  private static final int TAG_ROOM = 3;
  private static final int TAG_FILE = 4;
  private static final int PLACE_BYTES = 20;

  /** Makes one of which nobody says how much room there is. */
  HelloRegion(String name, long iova, long size) {
    this(name, iova, size, OptionalLong.empty());
  }

  /** Makes one of which nobody says which file it is. */
  HelloRegion(String name, long iova, long size, OptionalLong room) {
    this(name, iova, size, room, Optional.empty());
  }

  /** Puts the whole field. */
  void put(ByteBuffer into) {
    int region = TagLengthValue.begin(into, TAG_REGION, true);
    int text = TagLengthValue.begin(into, TAG_NAME, true);
    PeerText.put(into, name, RegionRules.MAX_NAME);
    TagLengthValue.end(into, text);
    int place = TagLengthValue.begin(into, TAG_PLACE, true);
    into.putLong(iova).putLong(size).putInt((int) RegionRules.PAGE_SIZE);
    TagLengthValue.end(into, place);
    if (room.isPresent()) {
      int bytes = TagLengthValue.begin(into, TAG_ROOM, false);
      TagLengthValue.end(into.putLong(room.getAsLong()), bytes);
    }
    if (file.isPresent()) {
      int identity = TagLengthValue.begin(into, TAG_FILE, false);
      TagLengthValue.end(into.putLong(file.get().high()).putLong(file.get().low()), identity);
    }
    TagLengthValue.end(into, region);
  }

  /** Takes the value of the field. */
  static HelloRegion take(ByteBuffer from) throws StreamException {
    TagLengthValue.Fields fields = TagLengthValue.take(from, TAG_FILE);
    String name = fields.text(TAG_NAME, RegionRules.MAX_NAME);
    ByteBuffer place = fields.required(TAG_PLACE, PLACE_BYTES);
    HelloRegion region =
        new HelloRegion(name, place.getLong(), place.getLong(), fields.optionalLong(TAG_ROOM),
            fields.optional(TAG_FILE, FileIdentity.BYTES).map(HelloRegion::identity));
    long pageSize = Integer.toUnsignedLong(place.getInt());
    if (pageSize != RegionRules.PAGE_SIZE) {
      throw new StreamException("the hello has memory in pages of %d bytes instead of %d"
          .formatted(pageSize, RegionRules.PAGE_SIZE));
    }
    Optional<String> complaint = RegionRules.complaint(region);
    if (complaint.isPresent()) {
      throw new StreamException("the hello is wrong: " + complaint.get());
    }
    return region;
  }

  private static FileIdentity identity(ByteBuffer from) {
    return new FileIdentity(from.getLong(), from.getLong());
  }

  /** Checks all regions of a hello beside each other. */
  static List<HelloRegion> checkAll(List<HelloRegion> regions) throws StreamException {
    Optional<String> complaint = RegionRules.complaint(regions);
    if (complaint.isPresent()) {
      throw new StreamException("the hello is wrong: " + complaint.get());
    }
    return List.copyOf(regions);
  }

  /** Tells whether a region of the other side has the same place. */
  boolean isAtPlaceOf(HelloRegion other) {
    return iova == other.iova && size == other.size;
  }

  /** Returns size and place in words, the size to the byte where words alone would not do. */
  String place(boolean exact) {
    return "%s at 0x%x".formatted(Words.bytes(size, exact), iova);
  }
}
