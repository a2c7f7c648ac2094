// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.StreamVersion;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.engine.transport.ReplayTransport;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.StateLayout;
import io.vfio4j.testkit.Seeds;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The parts of the stream by themselves. */
public class StreamFormatTest {

  private static final Hello HELLO = new Hello(List.of(new Hello.Device(
      new DeviceIdentity("vfio-user:/run/\u00e4.sock", 0x1234, 0x5634, 0x1234, 1, 0xff0000, "scratch"),
      MigrationFeatures.ALL, OptionalLong.of(1L << 33), Optional.of(new Segmentation(1L << 20, true)),
      Optional.empty(), Optional.empty())), List.of(), Optional.empty(), false, Optional.empty(),
      Optional.empty(), false,
      "");

  private static ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(4096).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer written(Hello hello) {
    ByteBuffer bytes = buffer();
    hello.write(bytes);
    return bytes.flip();
  }

  @Test
  void roundTripsHello() throws StreamException {
    assertThat(Hello.read(written(HELLO))).isEqualTo(HELLO);
  }

  @Test
  void roundTripsHelloOfSeveralDevices() throws StreamException {
    MigrationId migration = new MigrationId(7, -9);
    Hello two = Hello.of(List.of(inState(DeviceState.RUNNING), inState(DeviceState.PRE_COPY_P2P)),
        List.of(new HelloRegion("ram", 1L << 32, 1L << 30, OptionalLong.of(-1))))
        .withAcknowledgement(true).withMigration(migration, Optional.of(new Hello.Channels(migration, 2, 3)))
        .withCompression(Optional.of(CompressionAlgorithm.ZSTD));
    assertThat(Hello.read(written(two))).isEqualTo(two);
    assertThat(Hello.read(written(two.asDryRun()))).isEqualTo(two.asDryRun()).isNotEqualTo(two);
    assertThat(two.program()).startsWith("vfio4j ");
  }

  private static Hello.Device inState(DeviceState state) {
    Hello.Device device = HELLO.devices().getFirst();
    return new Hello.Device(device.identity(), device.features(), device.stopCopyLength(),
        device.segmentation(), Optional.of(state), device.layout());
  }

  /** Who does not know how to compare must not take a source that compares for one that moves. */
  @Test
  void requiresEmptyCompareOnlyField() throws StreamException {
    ByteBuffer bytes = buffer();
    TagLengthValue.Field last = null;
    for (ByteBuffer from = written(HELLO.asDryRun()); from.hasRemaining();) {
      last = TagLengthValue.readField(from);
    }
    assertThat(last).returns(6, TagLengthValue.Field::tag).returns(true, TagLengthValue.Field::mandatory);
    HELLO.write(bytes);
    int start = TagLengthValue.beginField(bytes, 6, true);
    TagLengthValue.endField(bytes.put((byte) 1), start);
    assertThatThrownBy(() -> Hello.read(bytes.flip())).isInstanceOf(StreamException.class)
        .hasMessage("the hello has field 6 of 1 bytes instead of 0");
  }

  @Test
  void rejectsUnknownState() {
    ByteBuffer bytes = written(new Hello(List.of(inState(DeviceState.RUNNING)), List.of(), Optional.empty(),
        false, Optional.empty(), Optional.empty(), false, ""));
    bytes.putInt(bytes.limit() - 4, 8);
    assertThatThrownBy(() -> Hello.read(bytes)).isInstanceOf(StreamException.class)
        .hasMessage("the hello has a device in state 8, which is none");
  }

  @Test
  void rejectsDeviceAfterMemory() {
    ByteBuffer bytes = buffer();
    new HelloRegion("ram", 1L << 32, 1L << 30).write(bytes);
    HELLO.write(bytes);
    assertThatThrownBy(() -> Hello.read(bytes.flip())).isInstanceOf(StreamException.class)
        .hasMessage("the hello has a device after memory");
  }

  @Test
  void rejectsFieldsOfOtherSide() throws StreamException {
    assertThat(HELLO.requireFrom(Side.TARGET).requireFrom(Side.SOURCE)).isEqualTo(HELLO);
    MigrationId migration = new MigrationId(7, -9);
    Hello withRoom = Hello.of(HELLO.devices(),
        List.of(new HelloRegion("ram", 1L << 32, 1L << 30, OptionalLong.of(4096))));
    assertThat(withRoom.requireFrom(Side.TARGET)).isEqualTo(withRoom);
    assertThatThrownBy(() -> withRoom.requireFrom(Side.SOURCE)).isInstanceOf(StreamException.class)
        .hasMessageContaining("only the other side may send");
    for (Hello ofASource : List.of(HELLO.asDryRun(), HELLO.withMigration(migration, Optional.empty()),
        HELLO.withCompression(Optional.of(CompressionAlgorithm.ZSTD)))) {
      assertThat(ofASource.requireFrom(Side.SOURCE)).isEqualTo(ofASource);
      assertThatThrownBy(() -> ofASource.requireFrom(Side.TARGET)).isInstanceOf(StreamException.class);
    }
  }

  @Test
  void rejectsDeviceInDevicelessFrame() {
    ByteBuffer frame = buffer();
    frame.put(preamble(1, Preamble.MINOR));
    int start = frame.position();
    FrameHeader header = new FrameHeader(frame.slice(start, FrameHeader.BYTES + 16));
    header.set(FrameKind.READY, 0, 1, 0, 0);
    byte[] stream = new byte[start + FrameHeader.BYTES];
    frame.position(0).get(stream);
    try (Arena arena = Arena.ofConfined()) {
      FrameReader reader = new FrameReader(new ReplayTransport(stream), arena.allocate(4096));
      assertThatThrownBy(() -> reader.next(Duration.ofMinutes(1))).isInstanceOf(StreamException.class)
          .hasMessageContaining("READY of device 1, which is about none");
    }
  }

  @Test
  void roundTripsLayoutAndIgnoresInvalid() throws StreamException {
    Hello.Device plain = HELLO.devices().getFirst();
    StateLayout layout = new StateLayout("f.1", Map.of("memory", 1L << 33));
    Hello hello =
        Hello.of(List.of(new Hello.Device(plain.identity(), plain.features(), plain.stopCopyLength(),
            plain.segmentation(), plain.state(), Optional.of(layout))), List.of());
    ByteBuffer bytes = written(hello);
    assertThat(Hello.read(bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN)).devices().getFirst().layout())
        .contains(layout);

    int at = "f.1;memory=".indexOf('=') + indexOf(bytes, "f.1;memory=");
    bytes.put(at, (byte) '~');
    assertThat(Hello.read(bytes).devices().getFirst().layout()).isEmpty();
  }

  private static int indexOf(ByteBuffer bytes, String text) {
    byte[] all = new byte[bytes.limit()];
    bytes.get(0, all);
    return new String(all, StandardCharsets.ISO_8859_1).indexOf(text);
  }

  @Test
  void rejectsConnectionsNotMatchingDevices() {
    MigrationId migration = new MigrationId(7, -9);
    Hello wrong = HELLO.withMigration(migration, Optional.of(new Hello.Channels(migration, 2, 3)));
    assertThatThrownBy(() -> Hello.read(written(wrong))).isInstanceOf(StreamException.class)
        .hasMessage("the hello has 2 connections for 1 devices, and 3 for memory");
  }

  /** As the version before wrote it, and as it reads ours: without the field for segments. */
  @Test
  void omitsSegmentsForDeviceWithoutThem() throws StreamException {
    Hello.Device device = HELLO.devices().getFirst();
    Hello plain = new Hello(List.of(
        new Hello.Device(device.identity(), device.features(), device.stopCopyLength(), Optional.empty(),
            Optional.empty(), Optional.empty())),
        List.of(), Optional.empty(), false, Optional.empty(), Optional.empty(), false, "");
    ByteBuffer bytes = written(plain);
    assertThat(bytes.remaining()).isEqualTo(written(HELLO).remaining() - 8 - 12);
    assertThat(Hello.read(bytes)).isEqualTo(plain);
    assertThat(Preamble.read(preamble(1, 0))).isEqualTo(new StreamVersion(1, 0));
  }

  @Test
  void rejectsInvalidSegments() {
    for (long[] wrong : new long[][] {{0, 0}, {-1, 1}, {4096, 2}}) {
      ByteBuffer bytes = written(HELLO);
      int at = bytes.limit() - 12;
      bytes.putLong(at, wrong[0]).putInt(at + 8, (int) wrong[1]);
      assertThatThrownBy(() -> Hello.read(bytes)).isInstanceOf(StreamException.class)
          .hasMessageStartingWith("the hello has segments of ");
    }
  }

  @Test
  void rejectsUnknownCompression() throws StreamException {
    Hello compressed = HELLO.withCompression(Optional.of(CompressionAlgorithm.ZSTD));
    assertThat(Hello.read(written(compressed))).isEqualTo(compressed);
    for (int wrong : new int[] {0, 2, -1}) {
      ByteBuffer bytes = written(compressed);
      bytes.putInt(bytes.limit() - Integer.BYTES, wrong);
      assertThatThrownBy(() -> Hello.read(bytes)).isInstanceOf(StreamException.class).hasMessage(
          "the hello has compression %s, which is unknown here".formatted(Integer.toUnsignedString(wrong)));
    }
  }

  @Test
  void skipsUnknownOptionalFields() throws StreamException {
    ByteBuffer bytes = buffer();
    HELLO.write(bytes);
    int start = TagLengthValue.beginField(bytes, 77, false);
    TagLengthValue.endField(bytes.putLong(5), start);
    assertThat(Hello.read(bytes.flip())).isEqualTo(HELLO);

    ByteBuffer strict = buffer();
    HELLO.write(strict);
    TagLengthValue.endField(strict, TagLengthValue.beginField(strict, 77, true));
    assertThatThrownBy(() -> Hello.read(strict.flip()))
        .hasMessage("the hello has field 77, which is mandatory and unknown here");
  }

  @Test
  void decodesOrRejectsDamagedHello() {
    ByteBuffer good = written(HELLO);
    Seeds.forEach(5000, random -> {
      ByteBuffer bad =
          ByteBuffer.allocate(good.limit()).put(good.duplicate()).flip().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i <= random.nextInt(3); i++) {
        bad.put(random.nextInt(bad.limit()), (byte) random.nextInt());
      }
      bad.limit(random.nextInt(3) == 0 ? random.nextInt(bad.limit() + 1) : bad.limit());
      try {
        assertThat(Hello.read(bad).devices()).isNotEmpty();
      } catch (StreamException e) {
        assertThat(e).hasMessageStartingWith("the hello ");
      }
    });
  }

  @Test
  void acceptsLaterMinorAndRejectsOtherMajor() throws StreamException {
    assertThat(Preamble.read(preamble(1, 7))).isEqualTo(new StreamVersion(1, 7));
    assertThatThrownBy(() -> Preamble.read(preamble(2, 0)))
        .hasMessage("the stream has version 2.0, but this program knows 1.x only");
  }

  public static ByteBuffer preamble(int major, int minor) {
    ByteBuffer bytes = buffer();
    Preamble.write(bytes);
    bytes.putShort(8, (short) major).putShort(10, (short) minor);
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate().limit(12).position(0));
    return bytes.putInt(12, (int) crc.getValue()).flip();
  }

  @Test
  void boundsAndSanitizesPeerText() {
    ByteBuffer bytes = buffer();
    PeerText.write(bytes, "\u20ac".repeat(500), 1024);
    assertThat(PeerText.read(bytes.flip())).isEqualTo("\u20ac".repeat(341));
    ByteBuffer evil = ByteBuffer.wrap("a\u001b[2J\n\u202eb".getBytes(StandardCharsets.UTF_8));
    assertThat(PeerText.read(evil)).isEqualTo("a\ufffd[2J\ufffd\ufffdb");
    assertThat(PeerText.read(ByteBuffer.wrap(new byte[] {(byte) 0xc3, 'x'}))).isEqualTo("\ufffdx");
  }
}
