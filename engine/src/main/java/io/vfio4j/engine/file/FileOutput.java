// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.output.FileException;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Interrupts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Duration;

/** A write-only transport into a file. */
final class FileOutput extends FileTransport {

  private final WritableByteChannel channel;

  /**
   * Wraps a channel.
   *
   * @param channel to the file; {@link #close} closes it
   * @param path the file, as the user named it
   */
  FileOutput(WritableByteChannel channel, Path path) {
    super(path);
    this.channel = channel;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    try {
      while (data.hasRemaining()) {
        channel.write(data);
      }
    } catch (ClosedByInterruptException e) {
      throw Interrupts.asIOException(e);
    } catch (IOException e) {
      throw new FileException(path, "cannot be written: " + Exceptions.message(e), e);
    }
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    throw new FileException(path, "is write-only", null);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
