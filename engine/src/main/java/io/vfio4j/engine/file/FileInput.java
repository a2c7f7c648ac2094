// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.output.AtomicFile;
import io.vfio4j.engine.output.FileException;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Interrupts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** A read-only transport over a file with a saved state. */
final class FileInput extends FileTransport {

  private final FileChannel channel;
  private long position;

  /**
   * Starts at the first byte, with its own position.
   *
   * @param channel of the file; it stays open
   * @param path the file, as the user named it
   */
  FileInput(FileChannel channel, Path path) {
    super(path);
    this.channel = channel;
  }

  /**
   * Opens a file for reading.
   *
   * @throws FileException if it cannot be opened
   */
  static FileChannel open(Path path) throws FileException {
    try {
      return FileChannel.open(path, StandardOpenOption.READ);
    } catch (IOException e) {
      throw new FileException(path, "cannot be opened: " + AtomicFile.message(e), e);
    }
  }

  /** Returns the offset of the next byte. */
  long position() {
    return position;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    throw new FileException(path, "is read-only", null);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    try {
      int count = channel.read(into, position);
      position += Math.max(0, count);
      return count;
    } catch (ClosedByInterruptException e) {
      throw Interrupts.asIOException(e);
    } catch (IOException e) {
      throw new FileException(path, "cannot be read: " + Exceptions.message(e), e);
    }
  }

  /** Does nothing: the caller closes the channel. */
  @Override
  public void close() {
    // The channel is used twice.
  }
}
