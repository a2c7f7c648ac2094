// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Codecs;
import io.vfio4j.engine.codec.Decompressor;
import io.vfio4j.engine.pages.ChannelShards;
import io.vfio4j.engine.pages.MemoryFrameCheck;
import io.vfio4j.engine.pages.MemoryRuns;
import io.vfio4j.engine.stream.CompressedPayload;
import io.vfio4j.engine.stream.FrameBuffers;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.FrameReader;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.stream.HelloRegion;
import io.vfio4j.engine.stream.SaveTrailer;
import io.vfio4j.engine.stream.StreamException;
import io.vfio4j.engine.util.Interrupts;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a whole file and returns its contents, or reports that it is damaged; loads nothing. */
final class FileCheck {

  /** Files have no timeout. */
  static final Duration NO_TIMEOUT = Duration.ofDays(365);

  private final FileInput file;
  private final FileChannel channel;
  private final FrameReader in;
  private final Hello hello;
  private final long[] deviceBytes;
  private final long[] regionPages;
  private final MemoryFrameCheck memoryCheck;
  private @Nullable SaveTrailer trailer;
  private int rounds;
  private long frames = 1;

  private FileCheck(FileInput file, FileChannel channel, FrameReader in, Hello hello) {
    this.file = file;
    this.channel = channel;
    this.in = in;
    this.hello = hello;
    this.deviceBytes = new long[hello.devices().size()];
    this.regionPages = new long[hello.memory().size()];
    this.memoryCheck = new MemoryFrameCheck(hello.memory(), new ChannelShards(1), 0);
  }

  /**
   * The contents of a file.
   *
   * @param state a summary, for the user
   */
  record Result(Hello hello, SavedState state) {
  }

  /**
   * Checks a whole file.
   *
   * @param path the file, as the user named it
   * @param codecs for a compressed file
   * @throws DamagedFileException if it is incomplete or damaged
   * @throws IOException if it cannot be read
   */
  static Result check(FileChannel channel, Path path, Codecs codecs) throws IOException {
    FileInput file = new FileInput(channel, path);
    try (Arena arena = Arena.ofConfined()) {
      FrameReader in = new FrameReader(file, FrameBuffers.bulk(arena));
      return check(file, channel, in, codecs, arena);
    } catch (StreamException e) {
      throw new DamagedFileException(path, file.position(), e);
    } catch (EOFException e) {
      throw new DamagedFileException(path, file.position(), "it ends there, without END");
    }
  }

  private static Result check(FileInput file, FileChannel channel, FrameReader in, Codecs codecs, Arena arena)
      throws IOException {
    FrameKind first = in.next(NO_TIMEOUT);
    if (first != FrameKind.HELLO) {
      throw new StreamException("it begins with %s instead of HELLO".formatted(first));
    }
    FileCheck check = new FileCheck(file, channel, in, Hello.read(in.body()).requireFrom(Side.SOURCE));
    if (check.hello.channels().isPresent()) {
      throw new StreamException("its hello has extra connections, which a file cannot have");
    }
    if (check.hello.dryRun()) {
      throw new StreamException("its hello requests a comparison, which a file cannot");
    }
    if (check.hello.compression().isEmpty()) {
      return check.run();
    }
    Codec codec = codecs.codec(check.hello.compression().get());
    try (Decompressor decompressor = codec.newDecompressor()) {
      in.decompressWith(new CompressedPayload(decompressor, FrameBuffers.payload(arena)));
      return check.run();
    }
  }

  private Result run() throws IOException {
    for (FrameKind kind = next(); kind != FrameKind.END; kind = next()) {
      if (trailer != null) {
        throw new StreamException("it has %s after SAVED".formatted(kind));
      }
      readFrame(kind);
    }
    long after = channel.size() - file.position();
    if (trailer == null) {
      throw new StreamException("it has no SAVED");
    }
    if (after != 0) {
      throw new StreamException("%d bytes follow its end".formatted(after));
    }
    return new Result(hello, state(trailer));
  }

  private FrameKind next() throws IOException {
    Interrupts.check();
    FrameKind kind = in.next(NO_TIMEOUT);
    frames++;
    return kind;
  }

  private void readFrame(FrameKind kind) throws IOException {
    switch (kind) {
      case DATA -> readData();
      case MEMORY -> readMemory();
      case ROUND -> rounds++;
      case ALIVE -> {
        // A sign of life.
      }
      case SAVED -> trailer = SaveTrailer.read(in.body());
      default -> throw new StreamException("it has %s, which a file cannot have".formatted(kind));
    }
  }

  private void readData() throws StreamException {
    int device = in.device();
    if (device >= deviceBytes.length) {
      throw new StreamException("data for unknown device %d".formatted(device));
    }
    if (in.endsSegment() && hello.devices().get(device).segmentation().isEmpty()) {
      throw new StreamException("a segment end for device %d, which has no segments".formatted(device));
    }
    deviceBytes[device] += in.length();
  }

  private void readMemory() throws StreamException {
    MemoryRuns runs = new MemoryRuns(in.payload());
    int region = memoryCheck.check(runs, in.length());
    for (int run = 0; run < runs.count(); run++) {
      regionPages[region] += runs.pages(run);
    }
  }

  private SavedState state(SaveTrailer saved) {
    List<SavedState.SavedDevice> devices = new ArrayList<>();
    for (int i = 0; i < deviceBytes.length; i++) {
      Hello.Device device = hello.devices().get(i);
      devices.add(new SavedState.SavedDevice(device.identity(), device.features(), device.stopCopyLength(),
          device.segmentation(), deviceBytes[i]));
    }
    List<SavedState.SavedMemory> memory = new ArrayList<>();
    for (int i = 0; i < regionPages.length; i++) {
      HelloRegion region = hello.memory().get(i);
      memory.add(new SavedState.SavedMemory(region.name(), region.iova(), region.size(), regionPages[i]));
    }
    return new SavedState(in.version(), hello.compression(), devices, memory, saved.source(),
        saved.stoppedAt(),
        saved.downtime(), rounds, frames,
        file.position());
  }
}
