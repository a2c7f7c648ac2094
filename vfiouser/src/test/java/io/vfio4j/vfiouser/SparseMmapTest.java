// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static io.vfio4j.vfiouser.testing.TestDevice.BAR2;
import static io.vfio4j.vfiouser.testing.TestDevice.MEMORY_SIZE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.RegionCapability.SparseMmap;
import io.vfio4j.model.info.RegionCapability.SparseMmap.Area;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.MappedRegion;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.ScriptedServer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Regions with areas that can be mapped. */
class SparseMmapTest {

  private static final int PAGE = 4096;
  private static final List<Area> AREAS = List.of(new Area(2 * PAGE, 4 * PAGE), new Area(0, PAGE));

  @TempDir
  private Path folder;

  private TestServer sparse() throws Exception {
    TestDevice device = TestDevice.create();
    device.memoryCapabilities = List.of(new SparseMmap(AREAS));
    return TestServer.start(folder, device);
  }

  @Test
  void reportsAreasWithinArgsz() throws Exception {
    MessageBytes fields = MessageBytes.empty().u32(32 + 48, 15, BAR2, 32).u64(MEMORY_SIZE, 0);
    try (TestServer served = sparse(); RawPeer peer = served.connectNegotiated()) {
      for (int argsz : new int[] {32, 33, 32 + 47}) {
        assertThat(peer.succeed(Command.DEVICE_GET_REGION_INFO, request(argsz)).body())
            .isEqualTo(fields.toBytes());
      }
      assertThat(peer.fds().count()).as("the memory is sent only with a complete reply").isZero();
      assertThat(peer.succeed(Command.DEVICE_GET_REGION_INFO, request(32 + 48)).body()).isEqualTo(
          fields.u16(1).u16(1).u32(0, 2, 0).u64(2 * PAGE, 4 * PAGE).u64(0, PAGE).toBytes());
      assertThat(peer.fds().count()).isEqualTo(1);
    }
  }

  private static MessageBytes request(int argsz) {
    return MessageBytes.empty().u32(argsz, 0, BAR2, 0).u64(0, 0);
  }

  @Test
  void mapsAreasOnly() throws Exception {
    var before = ProcessResources.openFds();
    try (TestServer served = sparse(); VfioUserClient client = served.connect();
        Arena arena = Arena.ofConfined();
        MappedRegion region = client.mapRegion(BAR2)) {
      assertThat(region.areas()).isEqualTo(AREAS);
      for (Area area : region.areas()) {
        MemorySegment memory = region.map(area, arena);
        assertThat(memory.byteSize()).isEqualTo(area.size());
        memory.set(LittleEndian.U32, 12, (int) area.size());
        assertThat(client.readInt(BAR2, area.offset() + 12)).isEqualTo((int) area.size());
        client.writeInt(BAR2, area.offset() + area.size() - 4, 5);
        assertThat(memory.get(LittleEndian.U32, area.size() - 4)).isEqualTo(5);
      }
      client.writeInt(BAR2, PAGE, 9);
      assertThat(client.readInt(BAR2, PAGE)).as("outside the areas").isEqualTo(9);
      assertThatIllegalArgumentException().isThrownBy(() -> region.map(new Area(0, MEMORY_SIZE), arena));
    }
    ProcessResources.awaitFds(before);
  }

  @Test
  void mapsWholeRegionWithoutAreas() throws Exception {
    try (Fd file = Memfd.create("region", 3 * PAGE); Arena arena = Arena.ofConfined();
        ScriptedServer server = scripted(file, MessageBytes.empty().u32(32, 7, 2, 0).u64(100, PAGE));
        MappedRegion region = server.client().mapRegion(2)) {
      assertThat(region.areas()).containsExactly(new Area(0, 100));
      assertThat(region.map(region.areas().getFirst(), arena).byteSize()).isEqualTo(100);
    }
  }

  @Test
  void offersNoMappingWithoutDescriptors() throws Exception {
    Limits none = new Limits(0, 1 << 20, 65535, 1 << 20);
    try (TestServer served = sparse()) {
      try (VfioUserClient client = served.connect(ClientOptions.DEFAULT.withLimits(none))) {
        assertThat(client.regionInfo(BAR2))
            .isEqualTo(new RegionInfo(BAR2, MEMORY_SIZE, true, true, false, List.of()));
        assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> client.mapRegion(BAR2))
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV));
      }
      try (RawPeer peer = served.connectRaw()) {
        peer.negotiate("{\"capabilities\":{\"max_msg_fds\":0}}");
        peer.succeed(Command.DEVICE_GET_REGION_INFO, request(4096));
        assertThat(peer.fds().count()).isZero();
      }
    }
  }

  /**
   * Checks all pairs of areas on a grid of half pages, in a region of three and a half pages; the oracle
   * counts half pages.
   */
  @Test
  void findsFlawsLikeReference() {
    int halves = 7;
    for (int a = 0; a <= halves; a++) {
      for (int aSize = 1; aSize <= halves; aSize++) {
        for (int b = 0; b <= halves; b++) {
          for (int bSize = 1; bSize <= halves; bSize++) {
            SparseMmap areas = new SparseMmap(List.of(area(a, aSize), area(b, bSize)));
            assertThat(areas.validationError(halves * PAGE / 2).isEmpty()).as("%s", areas)
                .isEqualTo(isSound(halves, a, aSize) && isSound(halves, b, bSize)
                    && isDisjoint(halves, a, aSize, b, bSize));
          }
        }
      }
    }
    Area far = new Area(Long.MAX_VALUE - 8191, 4096);
    assertThat(new SparseMmap(List.of(far, far)).validationError(Long.MAX_VALUE)).get().asString()
        .endsWith("overlaps another");
    assertThat(new SparseMmap(List.of()).validationError(0)).isEmpty();
  }

  private static Area area(int offset, int size) {
    return new Area(offset * PAGE / 2, size * PAGE / 2);
  }

  private static boolean isSound(int halves, int offset, int size) {
    int end = offset + size;
    return end <= halves && offset % 2 == 0 && (end % 2 == 0 || end == halves);
  }

  private static boolean isDisjoint(int halves, int a, int aSize, int b, int bSize) {
    int[] covered = new int[halves];
    for (int i = a; i < a + aSize; i++) {
      covered[i]++;
    }
    for (int i = b; i < b + bSize; i++) {
      covered[i]++;
    }
    for (int count : covered) {
      if (count > 1) {
        return false;
      }
    }
    return true;
  }

  @Test
  void rejectsUnmappableAreas() {
    for (SparseMmap bad : List.of(new SparseMmap(List.of(new Area(0, PAGE), new Area(0, PAGE))),
        new SparseMmap(List.of(new Area(100, PAGE))),
        new SparseMmap(List.of(new Area(3 * PAGE, 2 * PAGE))))) {
      assertThatIllegalArgumentException().isThrownBy(() -> new Region(4 * PAGE, true, true, List.of(bad)));
    }
  }

  private static ScriptedServer scripted(Fd file, MessageBytes body) throws Exception {
    return new ScriptedServer("{\"capabilities\":{}}", ClientOptions.DEFAULT, (request, peer) -> {
      if (request.command() != 5) {
        return null;
      }
      peer.send(request.reply(body), file, file);
      return ScriptedServer.NOTHING;
    });
  }

  @ParameterizedTest
  @ValueSource(strings = {"overlapping areas", "unaligned offset", "half a page", "beyond the region",
      "offset overflow", "empty area", "missing areas", "memory beyond the end of the file",
      "memory at a negative offset", "memory offset overflow", "endless chain"})
  void failsOnMalformedAreas(String defect) throws Exception {
    var before = ProcessResources.openFds();
    MessageBytes two = MessageBytes.empty().u32(80, 15, 2, 32).u64(4 * PAGE, 0).u16(1).u16(1);
    MessageBytes body = switch (defect) {
      case "overlapping areas" -> two.u32(0, 2, 0).u64(0, 2 * PAGE, PAGE, PAGE);
      case "unaligned offset" -> two.u32(0, 2, 0).u64(0, PAGE, PAGE + 8, PAGE);
      case "half a page" -> two.u32(0, 2, 0).u64(0, PAGE, PAGE, PAGE / 2);
      case "beyond the region" -> two.u32(0, 2, 0).u64(0, PAGE, 3 * PAGE, 2 * PAGE);
      case "offset overflow" -> two.u32(0, 2, 0).u64(0, PAGE, -PAGE, 2 * PAGE);
      case "empty area" -> two.u32(0, 2, 0).u64(0, PAGE, PAGE, 0);
      case "missing areas" -> two.u32(0, 3, 0).u64(0, PAGE, PAGE, PAGE);
      case "memory beyond the end of the file" -> MessageBytes.empty().u32(32, 7, 2, 0).u64(4 * PAGE, PAGE);
      case "memory at a negative offset" -> MessageBytes.empty().u32(32, 7, 2, 0).u64(PAGE, -PAGE);
      case "memory offset overflow" ->
        MessageBytes.empty().u32(32, 7, 2, 0).u64(2 * PAGE, Long.MAX_VALUE - PAGE);
      default ->
        MessageBytes.empty().u32(48, 15, 2, 32).u64(4 * PAGE, 0).u16(9).u16(1).u32(40).u16(9).u16(1).u32(32);
    };
    try (Fd file = Memfd.create("region", 4 * PAGE); ScriptedServer server = scripted(file, body)) {
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> server.client().mapRegion(2))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
      assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> server.client().readInt(0, 0));
    }
    assertThat(ProcessResources.openFds()).isEqualTo(before);
  }
}
