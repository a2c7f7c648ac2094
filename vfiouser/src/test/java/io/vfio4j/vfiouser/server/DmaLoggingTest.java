// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.client.VfioUserProbe;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DmaLoggingTest {

  private static final long PAGE = 4096;
  private static final long LOW = 0x10_0000;
  private static final long HIGH = 0x20_0000;
  private static final long SIZE = 64 * PAGE;
  private static final IovaRange BOTH = new IovaRange(LOW, HIGH + SIZE - LOW);

  @TempDir
  private Path folder;
  private TestServer served;
  private VfioUserClient client;
  private DmaLog log;
  private Fd guest;

  /** Two mappings with a hole between. */
  @BeforeEach
  void connect() throws Exception {
    served = TestServer.start(folder);
    client = served.connect();
    guest = Memfd.create("guest", 2 * SIZE);
    client.dma().map(new IovaRange(LOW, SIZE), guest, 0, true);
    client.dma().map(new IovaRange(HIGH, SIZE), guest, SIZE, true);
    log = client.dmaLog().orElseThrow();
  }

  @AfterEach
  void end() throws Exception {
    client.close();
    served.close();
    guest.close();
  }

  private void write(long iova) throws Exception {
    client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, iova);
    client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE_LONG);
    assertThat(client.readInt(TestDevice.BAR0, TestDevice.STATUS)).isZero();
  }

  /** Returns the numbers of the bits that a report sets. */
  private SortedSet<Long> report(IovaRange range, long pageSize) throws Exception {
    SortedSet<Long> bits = new TreeSet<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(range, pageSize), 8);
      log.report(range, pageSize, bitmap);
      for (long bit = 0; bit < bitmap.byteSize() * 8; bit++) {
        if ((bitmap.get(LittleEndian.U64, bit / 64 * 8) >>> bit & 1) != 0) {
          bits.add(bit);
        }
      }
    }
    return bits;
  }

  @Test
  void reportsAcrossMappingsAndHoles() throws Exception {
    assertThat(log.start(List.of(BOTH), PAGE)).isEqualTo(PAGE);
    write(LOW);
    write(LOW + SIZE - 8);
    write(HIGH + 5 * PAGE);
    assertThat(report(BOTH, PAGE)).containsExactly(0L, 63L, 256L + 5);
    assertThat(report(BOTH, PAGE)).as("cleared").isEmpty();
    log.stop();
  }

  @Test
  void reportsNothingForHole() throws Exception {
    log.start(List.of(BOTH), PAGE);
    write(LOW);
    assertThat(report(new IovaRange(LOW + SIZE, 10 * PAGE), PAGE)).isEmpty();
    assertThat(report(BOTH, PAGE)).as("no bit lost").containsExactly(0L);
  }

  @ParameterizedTest
  @ValueSource(longs = {PAGE, 2 * PAGE, 8 * PAGE, 1 << 20, 1L << 40})
  void reportsInAnyPageSize(long pageSize) throws Exception {
    log.start(List.of(BOTH), PAGE);
    write(LOW + 17 * PAGE);
    write(HIGH + 63 * PAGE);
    assertThat(report(BOTH, pageSize)).isEqualTo(
        new TreeSet<>(List.of(17 * PAGE / pageSize, (HIGH - LOW + 63 * PAGE) / pageSize)));
  }

  @Test
  void reportsRangeStartingOutsideMapping() throws Exception {
    log.start(List.of(BOTH), PAGE);
    write(LOW + 10 * PAGE);
    write(LOW + 11 * PAGE);
    assertThat(report(new IovaRange(LOW + 11 * PAGE, PAGE), PAGE)).containsExactly(0L);
    assertThat(report(new IovaRange(0, LOW + SIZE), PAGE)).containsExactly((LOW + 10 * PAGE) / PAGE);
  }

  @Test
  void keepsBitsAlreadySet() throws Exception {
    log.start(List.of(BOTH), PAGE);
    write(LOW);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(8, 8);
      bitmap.set(LittleEndian.U64, 0, 0xf0);
      log.report(new IovaRange(LOW, SIZE), PAGE, bitmap);
      assertThat(bitmap.get(LittleEndian.U64, 0)).isEqualTo(0xf1);
    }
  }

  @Test
  void reportsMoreThanMaxDataXferSize() throws Exception {
    client.close();
    client = served.connect(ClientOptions.DEFAULT.withLimits(new Limits(8, 4096, 65535, 32 << 20)));
    log = client.dmaLog().orElseThrow();
    assertThat(log.maxBitmapSize()).as("as negotiated").isEqualTo(32 << 20);
    client.dma().map(new IovaRange(LOW, SIZE), guest, 0, true);
    IovaRange large = new IovaRange(0, 64L << 30);
    log.start(List.of(large), PAGE);
    write(LOW + PAGE);
    // 2 MiB: more than max_data_xfer_size, and than the socket holds at once.
    assertThat(DmaLog.bitmapBytes(large, PAGE)).isEqualTo(2 << 20);
    assertThat(report(large, PAGE)).containsExactly(LOW / PAGE + 1);
  }

  @Test
  void logsWritesByMessage() throws Exception {
    try (Arena arena = Arena.ofShared()) {
      client.dma().map(4 * HIGH, arena.allocate(4 * PAGE), true);
      log.start(List.of(new IovaRange(4 * HIGH, 4 * PAGE)), PAGE);
      write(4 * HIGH + 2 * PAGE - 4);
      assertThat(report(new IovaRange(4 * HIGH, 4 * PAGE), PAGE)).containsExactly(1L, 2L);
      client.close();
    }
  }

  @Test
  void logsRangesFromStartOnly() throws Exception {
    write(LOW);
    log.start(List.of(new IovaRange(HIGH, SIZE), new IovaRange(LOW + PAGE, PAGE)), PAGE);
    write(LOW + PAGE);
    write(LOW + 2 * PAGE);
    write(HIGH);
    assertThat(report(BOTH, PAGE)).containsExactly(1L, 256L);
  }

  @Test
  void refusesSecondStart() throws Exception {
    log.start(List.of(BOTH), PAGE);
    write(LOW);
    assertRefused(Errno.EINVAL, () -> log.start(List.of(BOTH), PAGE));
    assertThat(report(BOTH, PAGE)).containsExactly(0L);
    log.stop();
    assertRefused(Errno.EINVAL, log::stop);
    assertRefused(Errno.EINVAL, () -> report(BOTH, PAGE));
    log.start(List.of(BOTH), PAGE);
    assertThat(report(BOTH, PAGE)).as("a new start").isEmpty();
  }

  @Test
  void stopsLogAtReset() throws Exception {
    log.start(List.of(BOTH), PAGE);
    client.reset();
    assertRefused(Errno.EINVAL, log::stop);
  }

  @Test
  void refusesInvalidReports() throws Exception {
    log.start(List.of(BOTH), PAGE);
    assertRefused(Errno.EINVAL, () -> report(BOTH, 1024));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bitmap = arena.allocate(8, 8);
      for (long pageSize : new long[] {0, 3, 5000, -1}) {
        assertRefused(Errno.EINVAL, () -> log.report(new IovaRange(LOW, PAGE), pageSize, bitmap));
      }
      assertRefused(Errno.EINVAL, () -> log.report(BOTH, PAGE, bitmap));
    }
  }

  private static void assertRefused(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  /** A client reads as many bytes as it has sent, and would take missing ones from the next message. */
  @Test
  void echoesPayloadOfStopAndProbe() throws Exception {
    client.close();
    try (RawPeer peer = negotiated()) {
      MessageBytes payload = MessageBytes.empty().u64(PAGE).u32(1, 0).u64(LOW, SIZE);
      for (int flags : new int[] {Feature.DMA_LOGGING_START | Feature.SET,
          Feature.DMA_LOGGING_STOP | Feature.SET,
          Feature.DMA_LOGGING_START | Feature.SET | Feature.PROBE,
          Feature.MIG_DEVICE_STATE | Feature.PROBE}) {
        byte[] request = MessageBytes.feature(flags, 32).bytes(payload.toBytes()).toBytes();
        assertThat(peer.succeed(Command.DEVICE_FEATURE, MessageBytes.empty().bytes(request)).body())
            .isEqualTo(request);
      }
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_FEATURE,
          MessageBytes.feature(Feature.MIGRATION | Feature.PROBE, 9000).zeros(9000));
      peer.assertNoReply();
    }
  }

  private RawPeer negotiated() throws Exception {
    client = served.connect(); // After the previous client has disconnected.
    client.close();
    RawPeer peer = served.connectRaw();
    peer.negotiate();
    return peer;
  }

  /**
   * Only over vfio-user: the kernel refuses it, and the client refuses it before the server would log all
   * memory.
   */
  @Test
  void logsAllMemoryWithoutRanges() throws Exception {
    assertRefused(Errno.EINVAL, () -> log.start(List.of(), PAGE));
    VfioUserProbe probe = VfioUserProbe.of(client);
    assertThat(probe.startLog(List.of(), 2 * PAGE)).isEqualTo(PAGE);
    IovaRange top = new IovaRange(-PAGE, PAGE);
    client.dma().map(top, guest, 0, true);
    write(LOW);
    write(HIGH + SIZE - 8);
    write(-8);
    assertThat(report(BOTH, PAGE)).containsExactly(0L, 256L + 63);
    assertThat(report(top, PAGE)).containsExactly(0L);
    assertRefused(Errno.EINVAL, () -> log.start(List.of(BOTH), PAGE));
    log.stop();
  }
}
