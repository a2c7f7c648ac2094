// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The DMA log of a server that omits its DMA_WRITEs from reports, as the reference library does since version
 * 0.2 of the protocol: the client marks those pages itself.
 */
class ForeignServerLogTest extends ForeignServerTestBase {

  private static final long PAGE = 4096;
  private static final long IOVA = 0x40_0000;
  private static final IovaRange RANGE = new IovaRange(IOVA, 64 * PAGE);
  private static final int START = Feature.DMA_LOGGING_START | Feature.SET;

  /** The bitmap in the server's report. */
  private long reported;
  private boolean refuses;

  private VfioUserClient connect() throws Exception {
    return connect((request, peer) -> {
      if (refuses && isCommand(request, Command.DEVICE_FEATURE)) {
        return request.error(5);
      }
      if (isFeature(request, START | Feature.PROBE) || isFeature(request, START)
          || isFeature(request, Feature.DMA_LOGGING_STOP | Feature.SET)) {
        return request.reply(MessageBytes.empty().bytes(request.body()));
      }
      if (isFeature(request, Feature.DMA_LOGGING_REPORT | Feature.GET)) {
        return request
            .reply(MessageBytes.empty().bytes(request.body()).bytes(bitmap(request.fields().getLong(16))));
      }
      if (isCommand(request, Command.DMA_UNMAP) && request.fields().getInt(4) == 1) {
        return request
            .reply(MessageBytes.empty().bytes(request.body()).bytes(bitmap(request.fields().getLong(16))));
      }
      // A register write makes this device write 8 bytes at the written address.
      if (isCommand(request, Command.REGION_WRITE)) {
        dmaWrite(peer, request.fields().getLong(16));
      }
      return null;
    });
  }

  private byte[] bitmap(long length) {
    return MessageBytes.empty().u64(reported).zeros((int) Math.max(0, (length / PAGE + 63) / 64 * 8 - 8))
        .toBytes();
  }

  private static void dmaWrite(RawPeer peer, long iova) throws IOException {
    peer.send(RawPeer.command(7, Command.DMA_WRITE, MessageBytes.empty().u64(iova, 8, 0x55)));
    assertThat(peer.receive().isError()).isFalse();
  }

  private static void write(VfioUserClient client, long iova) throws Exception {
    client.writeLong(0, 0, iova);
  }

  private static long report(DmaLog log, IovaRange range, long pageSize) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(range, pageSize), 8);
      log.report(range, pageSize, bitmap);
      return bitmap.get(LittleEndian.U64, 0);
    }
  }

  @Test
  void reportsWritesByMessage() throws Exception {
    try (VfioUserClient client = connect(); Arena arena = Arena.ofShared()) {
      client.dma().map(IOVA, arena.allocate(64 * PAGE), true);
      DmaLog log = client.dmaLog().orElseThrow();
      write(client, IOVA);
      log.start(List.of(RANGE), PAGE);
      write(client, IOVA + 5 * PAGE);
      write(client, IOVA + 10 * PAGE - 4);
      reported = 1L << 40 | 1 << 5;
      assertThat(report(log, RANGE, PAGE)).as("both logs, without writes before the start")
          .isEqualTo(1L << 40 | 1 << 5 | 1 << 9 | 1 << 10);
      reported = 0;
      assertThat(report(log, RANGE, PAGE)).as("reported once").isZero();
      write(client, IOVA + 33 * PAGE);
      assertThat(report(log, new IovaRange(IOVA, 32 * PAGE), PAGE)).as("another range").isZero();
      assertThat(report(log, RANGE, 16 * PAGE)).as("larger pages").isEqualTo(1 << 2);
      write(client, IOVA);
      log.stop();
      log.start(List.of(RANGE), PAGE);
      assertThat(report(log, RANGE, PAGE)).as("a new start").isZero();
    }
  }

  @Test
  void addsMessageWritesToUnmapBitmap() throws Exception {
    try (VfioUserClient client = connect(); Arena arena = Arena.ofShared()) {
      client.dma().map(IOVA, arena.allocate(64 * PAGE), true);
      DmaLog log = client.dmaLog().orElseThrow();
      log.start(List.of(RANGE), PAGE);
      write(client, IOVA + 7 * PAGE);
      reported = 1 << 3;
      MemorySegment bitmap = arena.allocate(8, 8);
      client.dma().unmap(RANGE, PAGE, bitmap);
      assertThat(bitmap.get(LittleEndian.U64, 0)).isEqualTo(1 << 7 | 1 << 3);
    }
  }

  /** A failed start does not start the client's log, and a failed second start keeps it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void keepsLogStateWhenStartFails(boolean wasStarted) throws Exception {
    try (VfioUserClient client = connect(); Arena arena = Arena.ofShared()) {
      client.dma().map(IOVA, arena.allocate(64 * PAGE), true);
      DmaLog log = client.dmaLog().orElseThrow();
      if (wasStarted) {
        log.start(List.of(RANGE), PAGE);
      }
      write(client, IOVA + PAGE);
      refuses = true;
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> log.start(List.of(RANGE), PAGE));
      refuses = false;
      write(client, IOVA + 2 * PAGE);
      assertThat(report(log, RANGE, PAGE)).isEqualTo(wasStarted ? 1 << 1 | 1 << 2 : 0);
    }
  }
}
