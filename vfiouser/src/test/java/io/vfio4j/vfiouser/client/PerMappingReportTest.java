// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.ScriptedServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server that only reports the dirty pages of exactly a mapping, as the reference library does. */
class PerMappingReportTest {

  private static final String CAPABILITIES =
      "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,"
          + "\"migration\":{\"pgsize\":4096,\"max_bitmap_size\":1048576}}}";
  private static final long PAGE = 4096;
  private static final IovaRange LOW = new IovaRange(0, 0xa_0000);
  private static final IovaRange BIOS = new IovaRange(0xc_0000, 0x4_0000);
  private static final IovaRange HIGH = new IovaRange(0x10_0000, 20L << 30);
  private static final IovaRange ALL = new IovaRange(0, HIGH.last() + 1);

  private final Arena arena = Arena.ofShared();
  private final List<IovaRange> reported = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void free() {
    arena.close();
  }

  private ScriptedServer server() throws Exception {
    return new ScriptedServer(CAPABILITIES, ClientOptions.DEFAULT, this::reply);
  }

  /** The first and the last page of each mapping are dirty. */
  private @Nullable MessageBytes reply(RawPeer.Message request, RawPeer peer) throws IOException {
    ByteBuffer fields = request.fields();
    if (request.command() == Command.DMA_MAP.wireValue()) {
      return MessageBytes.empty();
    }
    if (request.command() != Command.DEVICE_FEATURE.wireValue()) {
      return null;
    }
    int flags = fields.getInt(4);
    if (flags == (Feature.DMA_LOGGING_START | Feature.SET | Feature.PROBE)) {
      return MessageBytes.empty().bytes(request.body());
    }
    if (flags != (Feature.DMA_LOGGING_REPORT | Feature.GET)) {
      return null;
    }
    IovaRange range = new IovaRange(fields.getLong(8), fields.getLong(16));
    if (!List.of(LOW, BIOS, HIGH).contains(range)) {
      peer.send(request.error(Errno.EINVAL.number()));
      return ScriptedServer.NOTHING;
    }
    reported.add(range);
    long pages = range.length() / PAGE;
    byte[] bitmap = new byte[(int) DmaLog.bitmapBytes(range, PAGE)];
    bitmap[0] = 1;
    bitmap[(int) ((pages - 1) / 8)] |= (byte) (1 << ((pages - 1) % 8));
    return MessageBytes.empty().bytes(request.body()).bytes(bitmap);
  }

  private static void map(VfioUserClient client, IovaRange... ranges) throws DeviceException {
    for (IovaRange range : ranges) {
      client.dma().mapPeer(range, true);
    }
  }

  private static boolean isSet(MemorySegment bitmap, long iova) {
    long bit = iova / PAGE;
    return (bitmap.get(LittleEndian.U64, bit / 64 * 8) & (1L << (bit % 64))) != 0;
  }

  @Test
  void requestsEachMapping() throws Exception {
    try (ScriptedServer server = server()) {
      VfioUserClient client = server.client();
      map(client, LOW, BIOS, HIGH);
      DmaLog log = client.dmaLog().orElseThrow();
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(ALL, PAGE), 8);
      bitmap.set(LittleEndian.U64, 8, 2);

      log.report(ALL, PAGE, bitmap);

      assertThat(reported).containsExactly(LOW, BIOS, HIGH);
      for (IovaRange range : reported) {
        assertThat(isSet(bitmap, range.iova())).isTrue();
        assertThat(isSet(bitmap, range.last())).isTrue();
      }
      long set = 0;
      for (long at = 0; at < bitmap.byteSize(); at += 8) {
        set += Long.bitCount(bitmap.get(LittleEndian.U64, at));
      }
      assertThat(set).as("two of each mapping, and one set before").isEqualTo(7);
    }
  }

  @Test
  void requestsMappingOrWholeRange() throws Exception {
    try (ScriptedServer server = server()) {
      VfioUserClient client = server.client();
      DmaLog log = client.dmaLog().orElseThrow();
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(ALL, PAGE), 8);
      log.report(LOW, PAGE, bitmap); // Not mapped: requested as it is.
      map(client, LOW, HIGH);
      log.report(HIGH, PAGE, bitmap);
      assertThat(reported).containsExactly(LOW, HIGH);
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> log.report(new IovaRange(0, 1 << 24), PAGE, bitmap))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> log.report(ALL, PAGE, bitmap.asSlice(8)))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    }
  }

  /** The last word of a part also holds bits of the pages after it. */
  @Test
  void mergesAlignedPart() {
    IovaRange range = new IovaRange(0x1000, 1L << 24);
    IovaRange part = new IovaRange(0x1000 + 128 * PAGE, 130 * PAGE);
    MemorySegment bits = arena.allocate(24, 8).fill((byte) -1);
    MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(range, PAGE), 8);
    bitmap.set(LittleEndian.U64, 16, 5);
    new BitmapPart(part, PAGE, bits).addTo(range, bitmap);
    assertThat(bitmap.asSlice(0, 48).toArray(ValueLayout.JAVA_LONG)).containsExactly(0, 0, -1, -1, 3, 0);
  }

  /** The oracle examines every small page. */
  @Test
  void marksBothPagesOfUnalignedPart() {
    IovaRange range = new IovaRange(0x1000, 0x20000);
    IovaRange part = new IovaRange(0x3000, 0xb000);
    long large = 0x4000;
    MemorySegment bits = arena.allocate(8, 8);
    bits.set(LittleEndian.U64, 0, ~0b010L);
    MemorySegment bitmap = arena.allocate(8, 8);
    new BitmapPart(part, large, bits).addTo(range, bitmap);
    long expected = 0;
    for (long iova = part.iova(); iova <= part.last(); iova += PAGE) {
      if ((iova - part.iova()) / large % 2 == 0) {
        expected |= 1L << ((iova - range.iova()) / large);
      }
    }
    assertThat(bitmap.get(LittleEndian.U64, 0)).isEqualTo(expected);
  }
}
