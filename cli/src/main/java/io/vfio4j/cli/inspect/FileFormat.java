// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import java.io.IOException;
import java.util.List;

/** A format of files written by vfio4j. */
interface FileFormat {

  /** Number of bytes at the start of a file that identify its format. */
  int MAGIC_LENGTH = 8;

  /** Returns all formats. */
  static List<FileFormat> all() {
    return List.of(new RecordingFormat(), new SavedStateFormat());
  }

  /** Returns the name of such files, in the plural. */
  String name();

  /** Returns whether a file has this format, by its first {@link #MAGIC_LENGTH} bytes, or fewer if it is shorter. */
  boolean recognises(byte[] beginning);

  /** Returns whether such files contain a state that devices can load. */
  boolean isRestorable();

  /**
   * Shows a file.
   *
   * @return the exit code
   * @throws IOException if it cannot be read to the end; the part before that has been shown
   */
  int show(Inspection inspection) throws IOException;
}
