// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import java.io.IOException;
import java.util.List;

/** A kind of file that vfio4j writes. */
interface FileFormat {

  /** How many bytes at the beginning of a file tell its kind. */
  int MAGIC_LENGTH = 8;

  /** Returns all kinds there are. */
  static List<FileFormat> all() {
    return List.of(new RecordingFormat(), new SavedStateFormat());
  }

  /** Returns what it is called, as in {@code recordings of sessions}. */
  String name();

  /** Tells whether a file is of this kind, by its first bytes: {@link #MAGIC_LENGTH} of them, or all that it has. */
  boolean recognises(byte[] beginning);

  /** Tells whether it holds something that devices may be given. */
  boolean isRestorable();

  /**
   * Shows a file.
   *
   * @return the exit code
   * @throws IOException if it cannot be read to the end; all that lies before has been shown
   */
  int show(Inspection inspection) throws IOException;
}
