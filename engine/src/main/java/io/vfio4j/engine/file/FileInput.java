// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.Transport;
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

/** A file with a saved state, from its beginning on. Nothing can be said to it. */
final class FileInput implements Transport {

  private final FileChannel channel;
  private final Path path;
  private long position;

  /**
   * Makes one that begins at the first byte, wherever others are.
   *
   * @param channel of the file; it stays open
   * @param path the file, as the user named it
   */
  FileInput(FileChannel channel, Path path) {
    this.channel = channel;
    this.path = path;
  }

  /**
   * Opens a file to be read.
   *
   * @throws FileException if that cannot be done
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
    throw new FileException(path, "is only read", null);
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

  @Override
  public boolean hasInput() {
    return false;
  }

  @Override
  public boolean hasRoom() {
    return true;
  }

  @Override
  public String peer() {
    return path.toString();
  }

  /** Does nothing: who opened the file closes it. */
  @Override
  public void close() {
    // The channel serves two passes.
  }
}
