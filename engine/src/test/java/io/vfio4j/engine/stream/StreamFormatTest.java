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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Encodes and decodes the parts of the stream. */
public class StreamFormatTest {

  private static final Hello.Device DEVICE = Hello.Device
      .of(new DeviceIdentity("vfio-user:/run/\u00e4.sock", 0x1234, 0x5634, 0x1234, 1, 0xff0000, "scratch"),
          MigrationFeatures.ALL)
      .with(DeviceFields.STOP_COPY_LENGTH, OptionalLong.of(1L << 33))
      .with(DeviceFields.SEGMENTATION, Optional.of(new Segmentation(1L << 20, true)));
  private static final Hello HELLO = of(DEVICE);
  private static final Hello DRY_RUN = HELLO.with(HelloFields.DRY_RUN, true);
  private static final MigrationId MIGRATION = new MigrationId(7, -9);

  /** Returns a hello that ends with its devices. */
  private static Hello of(Hello.Device... devices) {
    return Hello.of(List.of(devices), List.of()).with(HelloFields.PROGRAM, "");
  }

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
    Hello two = Hello.of(List.of(inState(DeviceState.RUNNING), inState(DeviceState.PRE_COPY_P2P)),
        List.of(new HelloRegion("ram", 1L << 32, 1L << 30).withSpace(OptionalLong.of(-1))))
        .with(HelloFields.ACKNOWLEDGES_INITIAL_DATA, true).with(HelloFields.MIGRATION, Optional.of(MIGRATION))
        .with(HelloFields.CHANNELS, Optional.of(new Hello.Channels(MIGRATION, 2, 3)))
        .with(HelloFields.COMPRESSION, Optional.of(CompressionAlgorithm.ZSTD));
    assertThat(Hello.read(written(two))).isEqualTo(two);
    Hello dryRun = two.with(HelloFields.DRY_RUN, true);
    assertThat(Hello.read(written(dryRun))).isEqualTo(dryRun).isNotEqualTo(two);
    assertThat(two.program()).startsWith("vfio4j ");
  }

  /** The bytes of a hello do not change: files that earlier versions saved decode to what encodes to the same bytes. */
  @Test
  void reencodesHelloOfSavedFiles() throws IOException {
    Path folder = Path.of(System.getProperty("basedir", "."))
        .resolve("../cli/src/test/resources/io/vfio4j/cli/migrate/saved");
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> states = files.filter(file -> file.toString().endsWith(".state")).toList();
      assertThat(states).isNotEmpty();
      for (Path file : states) {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = bytes.getInt(Preamble.BYTES + 4);
        ByteBuffer payload = bytes.slice(Preamble.BYTES + FrameHeader.BYTES, length);
        assertThat(written(Hello.read(payload.duplicate().order(ByteOrder.LITTLE_ENDIAN))))
            .as("%s", file).isEqualTo(payload);
      }
    }
  }

  private static Hello.Device inState(DeviceState state) {
    return DEVICE.with(DeviceFields.STATE, Optional.of(state));
  }

  /** A target that does not know the field must not mistake a comparison for a migration. */
  @Test
  void requiresEmptyCompareOnlyField() throws StreamException {
    ByteBuffer bytes = buffer();
    TagLengthValue.RawField last = null;
    for (ByteBuffer from = written(DRY_RUN); from.hasRemaining();) {
      last = TagLengthValue.readField(from);
    }
    assertThat(last).returns(6, TagLengthValue.RawField::tag)
        .returns(true, TagLengthValue.RawField::mandatory);
    HELLO.write(bytes);
    int start = TagLengthValue.beginField(bytes, 6, true);
    TagLengthValue.endField(bytes.put((byte) 1), start);
    assertThatThrownBy(() -> Hello.read(bytes.flip())).isInstanceOf(StreamException.class)
        .hasMessage("the hello has field 6 of 1 bytes instead of 0");
  }

  @Test
  void rejectsUnknownState() {
    ByteBuffer bytes = written(of(inState(DeviceState.RUNNING)));
    bytes.putInt(bytes.limit() - 4, 8);
    assertThatThrownBy(() -> Hello.read(bytes)).isInstanceOf(StreamException.class)
        .hasMessage("the hello has a device in unknown state 8");
  }

  @Test
  void rejectsDeviceAfterMemory() {
    ByteBuffer all = written(
        Hello.of(List.of(DEVICE), List.of(new HelloRegion("ram", 1L << 32, 1L << 30))));
    int deviceBytes = 8 + all.getInt(4);
    ByteBuffer bytes = buffer().put(all.slice(deviceBytes, all.limit() - deviceBytes))
        .put(all.slice(0, deviceBytes)).flip();
    assertThatThrownBy(() -> Hello.read(bytes)).isInstanceOf(StreamException.class)
        .hasMessage("the hello has a device after a region of memory");
  }

  @Test
  void rejectsFieldsOfOtherSide() throws StreamException {
    assertThat(HELLO.requireFrom(Side.TARGET).requireFrom(Side.SOURCE)).isEqualTo(HELLO);
    Hello withSpace = Hello.of(List.of(DEVICE),
        List.of(new HelloRegion("ram", 1L << 32, 1L << 30).withSpace(OptionalLong.of(4096))));
    assertThat(withSpace.requireFrom(Side.TARGET)).isEqualTo(withSpace);
    assertThatThrownBy(() -> withSpace.requireFrom(Side.SOURCE)).isInstanceOf(StreamException.class)
        .hasMessageContaining("only the other side may send");
    for (Hello ofSource : List.of(DRY_RUN, HELLO.with(HelloFields.MIGRATION, Optional.of(MIGRATION)),
        HELLO.with(HelloFields.CHANNELS, Optional.of(new Hello.Channels(MIGRATION, 0, 1))),
        HELLO.with(HelloFields.COMPRESSION, Optional.of(CompressionAlgorithm.ZSTD)))) {
      assertThat(ofSource.requireFrom(Side.SOURCE)).isEqualTo(ofSource);
      assertThatThrownBy(() -> ofSource.requireFrom(Side.TARGET)).isInstanceOf(StreamException.class);
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
          .hasMessageContaining("READY of device 1, but this kind does not concern a device");
    }
  }

  @Test
  void roundTripsLayoutAndIgnoresInvalid() throws StreamException {
    StateLayout layout = new StateLayout("f.1", Map.of("memory", 1L << 33));
    Hello hello = of(DEVICE.with(DeviceFields.LAYOUT, Optional.of(layout)));
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
    Hello wrong =
        HELLO.with(HelloFields.CHANNELS, Optional.of(new Hello.Channels(MIGRATION, 2, 3)));
    assertThatThrownBy(() -> Hello.read(written(wrong))).isInstanceOf(StreamException.class)
        .hasMessage("the hello has 2 connections for 1 devices, and 3 for memory");
  }

  /** As version 1.0 wrote it, and as it reads this version's: without the field for segments. */
  @Test
  void omitsSegmentsForDeviceWithoutThem() throws StreamException {
    Hello plain = of(DEVICE.with(DeviceFields.SEGMENTATION, Optional.empty()));
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
    Hello compressed = HELLO.with(HelloFields.COMPRESSION, Optional.of(CompressionAlgorithm.ZSTD));
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
