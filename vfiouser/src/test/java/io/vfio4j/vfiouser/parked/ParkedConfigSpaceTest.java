// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.parked;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import io.vfio4j.vfiouser.testing.Property;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A VMM that does not own the device finds a config space that behaves like a device's. */
class ParkedConfigSpaceTest {

  private static final int BAR0 = 0x10;
  private static final int BAR2 = 0x18;
  private static final int MSIX = 0x40;

  private static byte[] initial() {
    byte[] content = new byte[256];
    content[0] = 0x34;
    content[1] = 0x12;
    content[6] = 0x10;
    content[BAR2] = 0x4; // 64 bits.
    content[0x34] = MSIX;
    content[MSIX] = 0x11;
    content[MSIX + 2] = 7;
    content[MSIX + 4] = 2;
    return content;
  }

  private static ParkedConfigSpace configSpace() {
    List<Region> regions = new ArrayList<>(Collections.nCopies(9, Region.NONE));
    regions.set(0, new Region(0x1000, true, false));
    regions.set(2, new Region(0x2_0000_0000L, true, false));
    regions.set(7, new Region(256, true, false));
    return new ParkedConfigSpace(initial(), regions);
  }

  private static void write(ParkedConfigSpace space, int at, int... bytes) {
    byte[] data = new byte[bytes.length];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) bytes[i];
    }
    space.write(at, MemorySegment.ofArray(data));
  }

  private static byte[] content(ParkedConfigSpace space) {
    byte[] content = new byte[256];
    space.read(0, MemorySegment.ofArray(content));
    return content;
  }

  @Test
  void sizesBars() {
    ParkedConfigSpace space = configSpace();
    for (int at = BAR0; at < 0x28; at += 4) {
      write(space, at, 0xff, 0xff, 0xff, 0xff);
    }
    assertThat(content(space)).startsWith(initialBytes(BAR0))
        .containsSequence(0x00, 0xf0, 0xff, 0xff, 0, 0, 0, 0, 0x04, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0,
            0);
  }

  private static byte[] initialBytes(int count) {
    return Arrays.copyOf(initial(), count);
  }

  @Test
  void keepsReadOnlyBits() {
    ParkedConfigSpace space = configSpace();
    byte[] ones = new byte[256];
    Arrays.fill(ones, (byte) 0xff);
    space.write(0, MemorySegment.ofArray(ones));
    byte[] written = content(space);
    assertThat(written).startsWith(0x34, 0x12, 0, 0, 0xff, 0xff, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0xff);
    assertThat(written[0x34]).isEqualTo((byte) MSIX);
    assertThat(written[0x3c]).isEqualTo((byte) 0xff);
    assertThat(written[0x3d]).isZero();
    assertThat(Arrays.copyOfRange(written, MSIX, MSIX + 12))
        .containsExactly(0x11, 0, 7, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0);
    space.reset();
    assertThat(content(space)).isEqualTo(initial());
  }

  @Test
  void copesWithAnyContentAndAnyWrite() {
    Property.holdsFor(2000, random -> {
      byte[] content = new byte[Property.oneOf(random, 0, 64, 256, 4096)];
      random.nextBytes(content);
      List<Region> regions = new ArrayList<>(Collections.nCopies(9, Region.NONE));
      regions.set(random.nextInt(7), new Region(1L << random.nextInt(40), true, false));
      ParkedConfigSpace space = new ParkedConfigSpace(content, regions);
      byte[] data = new byte[content.length == 0 ? 0 : random.nextInt(content.length)];
      random.nextBytes(data);
      space.write(content.length - data.length, MemorySegment.ofArray(data));
      space.reset();
      byte[] after = new byte[content.length];
      space.read(0, MemorySegment.ofArray(after));
      assertThat(after).isEqualTo(content);
    });
  }
}
