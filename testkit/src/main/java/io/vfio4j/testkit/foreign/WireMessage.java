// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.nio.ByteBuffer;

/**
 * A received message.
 *
 * @param body the bytes after the header, little-endian
 * @param fds the descriptors that came with it; those not taken are closed with the message
 */
record WireMessage(WireHeader header, ByteBuffer body, ReceivedFds fds) implements AutoCloseable {

  int id() {
    return header.id();
  }

  int command() {
    return header.command();
  }

  int errno() {
    return header.errno();
  }

  boolean isReply() {
    return (header.flags() & WireConstants.TYPE_MASK) == WireConstants.REPLY;
  }

  boolean isError() {
    return (header.flags() & WireConstants.ERROR) != 0;
  }

  boolean wantsReply() {
    return (header.flags() & WireConstants.NO_REPLY) == 0;
  }

  int u32(int at) throws ErrnoException {
    requireSize(at + Integer.BYTES);
    return body.getInt(at);
  }

  long u64(int at) throws ErrnoException {
    requireSize(at + Long.BYTES);
    return body.getLong(at);
  }

  byte[] bytes(int at, int count) throws ErrnoException {
    requireSize(at + count);
    byte[] bytes = new byte[count];
    body.get(at, bytes);
    return bytes;
  }

  private void requireSize(int size) throws ErrnoException {
    if (size < 0 || body.limit() < size) {
      throw new ErrnoException(Errno.EINVAL, "command %d of %d bytes".formatted(command(), body.limit()));
    }
  }

  @Override
  public void close() {
    fds.close();
  }
}
