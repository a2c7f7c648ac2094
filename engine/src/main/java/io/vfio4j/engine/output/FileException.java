// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file with a saved state cannot be written or read. */
public final class FileException extends IOException {

  private static final long serialVersionUID = 1;

  private final transient Path path;

  /**
   * Names the file in the message.
   *
   * @param path the file, as the user named it
   * @param what what is wrong: the message continues after the name
   * @param cause the underlying failure, if any
   */
  public FileException(Path path, String what, @Nullable Throwable cause) {
    super(path + " " + what, cause);
    this.path = path;
  }

  /** Returns the file, as the user named it. */
  public Path path() {
    return path;
  }
}
