// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import java.io.IOException;

/** A file is no recording, or one that cannot be read from some place on. */
public final class RecordingException extends IOException {

  private static final long serialVersionUID = 1;

  private final long offset;

  RecordingException(long offset, String message) {
    super(message);
    this.offset = offset;
  }

  /** Returns where in the file the part begins that cannot be read, in bytes. */
  public long offset() {
    return offset;
  }
}
