// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.nio.file.Path;

/** A file with a saved state is incomplete or damaged. */
public final class DamagedFileException extends IOException {

  private static final long serialVersionUID = 1;

  private final transient Path path;
  private final long offset;

  DamagedFileException(Path path, long offset, Throwable cause) {
    this(path, offset, Exceptions.message(cause));
    initCause(cause);
  }

  DamagedFileException(Path path, long offset, String how) {
    super("%s is damaged before byte %d: %s".formatted(path, offset, how));
    this.path = path;
    this.offset = offset;
  }

  /** Returns the file, as the user named it. */
  public Path path() {
    return path;
  }

  /** Returns the offset in the file, in bytes, at which the damage was detected. */
  public long offset() {
    return offset;
  }
}
