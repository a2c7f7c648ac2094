// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.testkit.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Encodes and decodes the description of a region of memory. */
class HelloRegionTest {

  private static final long GIB = 1L << 30;
  private static final HelloRegion RAM = new HelloRegion("ram", GIB, GIB);

  private static ByteBuffer written(HelloRegion region) {
    ByteBuffer bytes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    RegionFields.SET.write(bytes, region.values());
    return bytes.flip();
  }

  private static HelloRegion read(ByteBuffer bytes) throws StreamException {
    return HelloRegion.of(RegionFields.SET.read(bytes));
  }

  @Test
  void roundTripsRegion() throws StreamException {
    for (HelloRegion region : List.of(RAM, new HelloRegion("x".repeat(64), -GIB, GIB),
        RAM.withSpace(OptionalLong.of(-1)), RAM.withFile(Optional.of(new FileIdentity(1, -2))))) {
      assertThat(read(written(region))).isEqualTo(region);
    }
  }

  @Test
  void decodesOrRejectsDamagedRegion() {
    Seeds.forEach(3000, random -> {
      ByteBuffer bytes = written(RAM);
      for (int i = 0; i <= random.nextInt(2); i++) {
        bytes.put(random.nextInt(bytes.limit()), (byte) random.nextInt());
      }
      bytes.limit(random.nextInt(4) == 0 ? random.nextInt(bytes.limit()) : bytes.limit());
      try {
        assertThat(RegionRules.violation(read(bytes))).isEmpty();
      } catch (StreamException e) {
        assertThat(e).hasMessageStartingWith("the hello ");
      }
    });
  }

  @Test
  void rejectsOtherPageSize() {
    ByteBuffer bytes = written(RAM);
    bytes.putInt(bytes.limit() - 4, 1 << 16);
    assertThatThrownBy(() -> read(bytes))
        .hasMessage("the hello has memory in pages of 65536 bytes instead of 4096");
  }

  @Test
  void rejectsDuplicateRegionsInHello() throws StreamException {
    HelloRegion.check(List.of(RAM, new HelloRegion("rom", 0, 4096)));
    assertThatThrownBy(() -> HelloRegion.check(List.of(RAM, RAM))).isInstanceOf(StreamException.class)
        .hasMessage("the hello is wrong: there are two regions ram");
  }
}
