// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.Errno;
import java.nio.ByteBuffer;

/** The registers ERROR, and bit 1 of STATUS: how the last command, or the traffic, ended. */
final class Failures {

  private boolean lastFailed;
  private int errno;

  void failed(Errno why) {
    lastFailed = true;
    errno = why.number();
  }

  /** Notes a success; the errno of the last failure stays to be read. */
  void succeeded() {
    lastFailed = false;
  }

  boolean lastFailed() {
    return lastFailed;
  }

  int errno() {
    return errno;
  }

  void reset() {
    lastFailed = false;
    errno = 0;
  }

  void save(ByteBuffer image) {
    image.putInt(lastFailed ? 1 : 0).putInt(errno);
  }

  void load(ByteBuffer image) {
    lastFailed = image.getInt() != 0;
    errno = image.getInt();
  }
}
