// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.io.IOException;

/** A file is not a recording, or the rest of it cannot be read. */
public final class RecordingException extends IOException {

  private static final long serialVersionUID = 1;

  private final long offset;

  RecordingException(long offset, String message) {
    super(message);
    this.offset = offset;
  }

  /** Returns the offset in the file from which it cannot be read, bytes. */
  public long offset() {
    return offset;
  }
}
