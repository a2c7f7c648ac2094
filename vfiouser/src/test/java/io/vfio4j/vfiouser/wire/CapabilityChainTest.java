// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionCapability.Ndma;
import io.vfio4j.model.info.RegionCapability.RegionType;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.model.info.RegionCapability.UnknownCapability;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.Property;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class CapabilityChainTest {

  private static final int INFO = Structs.RegionInfo.SIZE;
  private static final long REGION = 0x10000;

  /** The client reads what the server writes. */
  @Test
  void decodesEncodedChain() {
    Property.holdsFor(2000, random -> {
      List<RegionCapability> written = capabilities(random);
      assertThat(decode(encode(written), INFO)).isEqualTo(written);
    });
  }

  private static List<RegionCapability> capabilities(RandomGenerator random) {
    List<RegionCapability> all = new ArrayList<>();
    for (int i = random.nextInt(1, 8); i > 0; i--) {
      all.add(switch (random.nextInt(4)) {
        case 0 -> new RegionType(random.nextInt(), random.nextInt());
        case 1 -> new Ndma();
        case 2 -> new UnknownCapability(random.nextInt(100, 0x10000), random.nextInt(0x10000));
        default -> new SparseMmap(Collections.nCopies(random.nextInt(20),
            new SparseMmap.Area(random.nextLong(0x8000), random.nextLong(1, 0x8001))));
      });
    }
    return all;
  }

  private static byte[] encode(List<RegionCapability> capabilities) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment head = arena.allocate(Header.SIZE + CapabilityChain.MAX_SIZE);
      CapabilityChain.encode(capabilities, new Reply(new SliceTable(head)));
      return head.asSlice(Header.SIZE, CapabilityChain.size(capabilities)).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Reads a reply with no bytes behind it. */
  private static List<RegionCapability> decode(byte[] answer, int first) throws ProtocolException {
    try (Arena arena = Arena.ofConfined()) {
      return CapabilityChain.decode(arena.allocateFrom(ValueLayout.JAVA_BYTE, answer), first, REGION);
    }
  }

  /** Compares with an oracle that follows the chain through plain arrays. */
  @Test
  void decodesOrRefusesRandomBytes() {
    Property.holdsFor(20_000, random -> {
      byte[] answer = encode(capabilities(random));
      for (int i = random.nextInt(6); i > 0; i--) {
        int value =
            random.nextBoolean() ? random.nextInt(256) : Property.oneOf(random, 0, 8, 32, 40, 48, 255);
        answer[random.nextInt(INFO, answer.length)] = (byte) value;
      }
      byte[] cut = random.nextInt(4) == 0
          ? java.util.Arrays.copyOf(answer, random.nextInt(INFO, answer.length + 1))
          : answer;
      int first = random.nextInt(4) == 0 ? random.nextInt(200) : INFO;
      int members = CapabilityChainOracle.members(cut, first, REGION);
      if (members < 0) {
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> decode(cut, first));
      } else {
        assertThat(decode(cut, first)).hasSize(members);
      }
    });
  }

  @Test
  void refusesMalformedChains() {
    refused("beyond the end", MessageBytes.empty().zeros(INFO).u16(9).u16(1).u32(40), INFO);
    refused("a header cut in two", MessageBytes.empty().zeros(INFO).u32(0), INFO);
    refused("within the fields", MessageBytes.empty().zeros(INFO).u16(9).u16(1).u32(8), INFO);
    refused("the first beyond the end", MessageBytes.empty().zeros(INFO), INFO);
    refused("an offset of 32 bits", MessageBytes.empty().zeros(INFO).u32(0, 0), -8);
    refused("a member that is its own next", MessageBytes.empty().zeros(INFO).u16(9).u16(1).u32(INFO), INFO);
    refused("two in a circle",
        MessageBytes.empty().zeros(INFO).u16(9).u16(1).u32(INFO + 8).u16(9).u16(1).u32(INFO), INFO);
    refused("a type cut short", MessageBytes.empty().zeros(INFO).u16(2).u16(1).u32(0, 3), INFO);
    refused("more areas than bytes", MessageBytes.empty().zeros(INFO).u16(1).u16(1).u32(0, -1, 0).u64(0, 1),
        INFO);
    refused("an area beyond the region",
        MessageBytes.empty().zeros(INFO).u16(1).u16(1).u32(0, 1, 0).u64(REGION, 1), INFO);
    refused("an area that wraps around",
        MessageBytes.empty().zeros(INFO).u16(1).u16(1).u32(0, 1, 0).u64(-1, 2), INFO);
    refused("an area of nothing", MessageBytes.empty().zeros(INFO).u16(1).u16(1).u32(0, 1, 0).u64(0, 0),
        INFO);
  }

  private static void refused(String what, MessageBytes answer, int first) {
    assertThatExceptionOfType(ProtocolException.class).as(what)
        .isThrownBy(() -> decode(answer.toBytes(), first));
  }

  @Test
  void followsBackwardLinksAndSkipsUnknownCapabilities() throws ProtocolException {
    byte[] backwards = MessageBytes.empty().zeros(INFO).u16(6).u16(1).u32(0).u16(2).u16(1).u32(INFO, 3, 1)
        .toBytes();
    assertThat(decode(backwards, INFO + 8)).containsExactly(RegionType.MIGRATION, new Ndma());
    byte[] newer =
        MessageBytes.empty().zeros(INFO).u16(2).u16(2).u32(INFO + 8).u16(77).u16(1).u32(0).toBytes();
    assertThat(decode(newer, INFO)).containsExactly(new UnknownCapability(2, 2),
        new UnknownCapability(77, 1));
    assertThat(decode(newer, 0)).isEmpty();
  }

  @Test
  void rejectsInvalidRegionDescriptions() {
    assertThat(new Region(4096, true, true).capabilities())
        .containsExactly(new SparseMmap(List.of(new SparseMmap.Area(0, 4096))));
    SparseMmap part = new SparseMmap(List.of(new SparseMmap.Area(4096, 4096)));
    assertThat(new Region(8192, true, true, List.of(part)).capabilities()).containsExactly(part);
    assertThat(new Region(4096, true, false, List.of(new Ndma())).capabilities()).containsExactly(new Ndma());
    assertThatIllegalArgumentException().isThrownBy(() -> new Region(4096, true, true, List.of(part)));
    assertThatIllegalArgumentException().isThrownBy(() -> new Region(0, true, false, List.of(new Ndma())));
    assertThatIllegalArgumentException().isThrownBy(
        () -> new Region(4096, true, false, Collections.nCopies(509, new Ndma())));
    assertThat(new Region(4096, true, false, Collections.nCopies(508, new Ndma())).capabilities())
        .hasSize(508);
    assertThatIllegalArgumentException().isThrownBy(() -> new SparseMmap.Area(-1, 2));
  }
}
