// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.state;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The initial content of a device's memory: a copy of the beginning of a file, since the file may change.
 *
 * @param file a memfd of the size of the memory
 * @param content the part of it that was read from the file; the rest is zeros
 */
record InitialImage(Fd file, MemorySegment content) implements AutoCloseable {

  private static final long CHUNK_BYTES = 1L << 30;

  /** Reads at most {@code size} bytes of a file. */
  static InitialImage read(Path path, long size, Arena arena) throws IOException {
    Fd file = Memfd.create("initial content", size);
    try (FileChannel from = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment all = MemoryMap.shared(file, 0, size, true, arena);
      return new InitialImage(file, all.asSlice(0, fill(all, from)).asReadOnly());
    } catch (Throwable t) {
      file.close();
      throw t;
    }
  }

  private static long fill(MemorySegment to, FileChannel from) throws IOException {
    long at = 0;
    while (at < to.byteSize()) {
      ByteBuffer piece = to.asSlice(at, Math.min(CHUNK_BYTES, to.byteSize() - at)).asByteBuffer();
      int read = from.read(piece);
      if (read < 0) {
        break;
      }
      at += read;
    }
    return at;
  }

  void copyTo(MemorySegment memory) {
    MemorySegment.copy(content, 0, memory, 0, content.byteSize());
  }

  @Override
  public void close() {
    file.close();
  }
}
