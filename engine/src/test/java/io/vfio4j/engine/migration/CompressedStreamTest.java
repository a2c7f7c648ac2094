// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;
import io.vfio4j.engine.codec.DeflateCodec;
import io.vfio4j.engine.file.FileTrial;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.SaveReport;
import io.vfio4j.engine.file.SavedFile;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.stream.CompressedFrame;
import io.vfio4j.engine.stream.CompressedPayload;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.FrameStream;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.stream.Preamble;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.transport.RecordingTransport;
import io.vfio4j.engine.transport.ReplayTransport;
import io.vfio4j.testkit.SimulatedDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ObjIntConsumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams with compressed payloads, and invalid ones. */
class CompressedStreamTest {

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int PAGES = 40_000; // In three pieces.

  private final DeflateCodec codec = new DeflateCodec();
  private final MigrationOptions both =
      MigrationTrial.PATIENT.withCompression(codec, 1).withCodecs(_ -> codec).withChannels(2);
  private final Arena arena = Arena.ofShared();

  @TempDir
  private Path folder;

  @AfterEach
  void close() {
    arena.close();
    assertThat(codec.open).as("not closed").hasValue(0);
  }

  private MemoryRegions memory() {
    return MemoryRegions.of(new MemoryRegion("ram", 0,
        arena.allocate(PAGES * RegionRules.PAGE_SIZE, RegionRules.PAGE_SIZE)));
  }

  private GroupTrial trial() {
    GroupTrial trial = new GroupTrial(2);
    trial.options = both;
    trial.sourceMemory = memory();
    trial.targetMemory = memory();
    trial.sourceMemory.get(0).memory().asSlice(0, PAGES / 8 * RegionRules.PAGE_SIZE).fill((byte) 7);
    return trial;
  }

  @Test
  void transfersDevicesAndMemoryOverAllConnections() {
    GroupTrial trial = trial();
    MigrationReport report = trial.run().success();
    assertThat(trial.sourceMemory.get(0).memory().mismatch(trial.targetMemory.get(0).memory()))
        .isEqualTo(-1);
    assertThat(codec.made).as("one for each connection at each end").hasValue(2 * (1 + 2 + 2));
    assertThat(report.compression().orElseThrow().bytesOnWire()).isLessThan(report.bytes() / 20);
    assertThat(report.bytes()).as("as the target counts").isEqualTo(report.target().bytes());
  }

  @Test
  void rejectsMissingCodecBeforeTouchingDevices() {
    GroupTrial trial = trial();
    trial.options = MigrationTrial.PATIENT.withCompression(codec, 1);
    MigrationException e = trial.run().failureWithSourceRunning();
    assertThat(e.outcome()).isEqualTo(Outcome.UNTOUCHED);
    assertThat(e).hasMessageContaining("the stream is compressed with zstd, which is not available here");
  }

  @Test
  void freesCodecsOnFailure() {
    GroupTrial trial = trial();
    trial.listener = event -> {
      if (event instanceof MigrationEvent.RoundEnd) {
        throw new IllegalStateException("enough");
      }
    };
    trial.run().failureWithSourceRunning();
    assertThat(codec.made).as("made at either end").hasValueGreaterThan(5);
  }

  @Test
  void writesSmallerFiles() throws Exception {
    Path file = folder.resolve("state");
    try (FileTrial trial = new FileTrial(file, 2, 300)) {
      trial.options = both;
      SaveReport saved = trial.save();
      assertThat(saved.compression().orElseThrow().bytesOnWire()).isLessThan(saved.bytes())
          .isLessThan(Files.size(file));
      assertThat(Files.size(file)).isLessThan(saved.bytes());
      assertThat(SavedFile.check(file, both.codecs()).state().compression())
          .contains(CompressionAlgorithm.ZSTD);
      assertThatThrownBy(() -> SavedFile.check(file, Codecs.NONE))
          .hasMessage("the stream is compressed with zstd, which is not available here");
      List<SimulatedDevice> targets = trial.targets();
      MemoryRegions memory = trial.memory();
      trial.options = MigrationTrial.PATIENT;
      assertThat(catchThrowableOfType(RestoreException.class, () -> trial.restore(targets, memory)).result())
          .isEqualTo(RestoreException.Result.UNTOUCHED);
      trial.options = both;
      trial.restore(targets, memory);
      assertThat(memory.get(0).memory().mismatch(trial.sourceMemory.get(0).memory())).isEqualTo(-1);
      assertThat(targets).extracting(SimulatedDevice::stateFingerprint)
          .containsExactlyElementsOf(
              trial.sources.stream().map(SimulatedDevice::stateFingerprint).toList());
    }
  }

  /** Both ends of a stream in memory. */
  private final class Frames implements AutoCloseable {
    private final RecordingTransport sent =
        new RecordingTransport(new ReplayTransport(new byte[0]), -1, b -> b);
    private final FrameWriter writer = new FrameWriter(new FrameStream(sent, PATIENCE), buffer());
    private final Compressor compressor = codec.newCompressor(1);
    private final Decompressor decompressor = codec.newDecompressor();
    private long onWire;

    Frames() {
      writer.compressWith(new CompressedFrame(compressor,
          arena.allocate(FrameHeader.BYTES + codec.bound(FrameHeader.MAX_PAYLOAD))));
    }

    private void send(int length, boolean endsSegment) throws IOException {
      writer.sendData(3, length, endsSegment, (_, bytes) -> onWire = bytes);
    }

    private FrameReader reader(byte[] stream) {
      FrameReader reader = new FrameReader(new ReplayTransport(stream), buffer());
      reader.decompressWith(new CompressedPayload(decompressor, arena.allocate(FrameHeader.MAX_PAYLOAD)));
      return reader;
    }

    @Override
    public void close() {
      compressor.close();
      decompressor.close();
    }
  }

  private MemorySegment buffer() {
    return arena.allocate(FrameHeader.BYTES + FrameHeader.MAX_PAYLOAD);
  }

  @Test
  void compressesOnlyShrinkingFrames() throws IOException {
    byte[] noise = new byte[5000];
    new SplittableRandom(4711).nextBytes(noise);
    try (Frames frames = new Frames()) {
      frames.writer.payload().fill((byte) 1);
      frames.send(FrameHeader.MAX_PAYLOAD, true);
      assertThat(frames.onWire).isLessThan(5000);
      MemorySegment.copy(MemorySegment.ofArray(noise), 0, frames.writer.payload(), 0, noise.length);
      frames.send(noise.length, false);
      assertThat(frames.onWire).isEqualTo(noise.length);
      frames.writer.sendEnd();

      FrameReader reader = frames.reader(frames.sent.sent());
      assertThat(reader.next(PATIENCE)).isEqualTo(FrameKind.DATA);
      assertThat(reader.length()).isEqualTo(FrameHeader.MAX_PAYLOAD);
      assertThat(reader.device()).isEqualTo(3);
      assertThat(reader.endsSegment()).isTrue();
      assertThat(reader.payload().get(ValueLayout.JAVA_BYTE, FrameHeader.MAX_PAYLOAD - 1))
          .isEqualTo((byte) 1);
      assertThat(reader.next(PATIENCE)).isEqualTo(FrameKind.DATA);
      assertThat(reader.endsSegment()).isFalse();
      assertThat(reader.body()).isEqualTo(ByteBuffer.wrap(noise));
      assertThat(reader.next(PATIENCE)).as("the digest is of what was sent").isEqualTo(FrameKind.END);
    }
  }

  /** A stream with one compressed frame; {@code change} receives the position of its header. */
  private byte[] oneFrame(Frames frames, ObjIntConsumer<byte[]> change) throws IOException {
    frames.writer.payload().fill((byte) 1);
    frames.send(10_000, false);
    byte[] stream = frames.sent.sent();
    change.accept(stream, Preamble.BYTES);
    return stream;
  }

  private static void seal(byte[] stream, int header) {
    CRC32C crc = new CRC32C();
    crc.update(stream, header, FrameHeader.BYTES - Integer.BYTES);
    crc.update(stream, header + FrameHeader.BYTES, stream.length - header - FrameHeader.BYTES);
    ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN).putInt(header + 12, (int) crc.getValue());
  }

  @Test
  void rejectsCompressedFrameNotNegotiated() throws IOException {
    try (Frames frames = new Frames()) {
      byte[] stream = oneFrame(frames, (_, _) -> {
      });
      assertThatThrownBy(() -> new FrameReader(new ReplayTransport(stream), buffer()).next(PATIENCE))
          .hasMessage("the stream is damaged at frame 0: it is compressed, but the hello has no compression");
    }
  }

  @Test
  void rejectsCompressedControlFrame() throws IOException {
    try (Frames frames = new Frames()) {
      byte[] round = oneFrame(frames, (bytes, at) -> {
        bytes[at] = (byte) FrameKind.ROUND.wireValue();
        seal(bytes, at);
      });
      assertThatThrownBy(() -> frames.reader(round).next(PATIENCE))
          .hasMessage("the stream is damaged at frame 0: unknown flags 0x04");
    }
  }

  @Test
  void rejectsDamagedFrameBeforeDecompression() throws IOException {
    try (Frames frames = new Frames()) {
      byte[] damaged = oneFrame(frames, (bytes, at) -> bytes[at + FrameHeader.BYTES + 2] ^= 1);
      assertThatThrownBy(() -> frames.reader(damaged).next(PATIENCE))
          .hasMessage("the stream is damaged at frame 0: wrong checksum");
    }
  }

  @Test
  void reportsInvalidCompressedPayload() throws IOException {
    try (Frames frames = new Frames()) {
      byte[] wrong = oneFrame(frames, (bytes, at) -> {
        bytes[bytes.length - 1] ^= 1; // A bit of the checksum at the end of the deflated data.
        seal(bytes, at);
      });
      assertThatThrownBy(() -> frames.reader(wrong).next(PATIENCE)).isInstanceOf(StreamException.class)
          .hasMessage(
              "the stream is damaged at frame 0: compressed payload of %d bytes: incorrect data check"
                  .formatted(wrong.length - Preamble.BYTES - FrameHeader.BYTES));
    }
  }
}
