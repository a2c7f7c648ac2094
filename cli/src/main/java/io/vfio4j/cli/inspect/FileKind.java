// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.Output;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** A kind of file that vfio4j writes. */
interface FileKind {

  /** How many bytes at the beginning of a file tell its kind. */
  int BEGINNING = 8;

  /** Returns all kinds there are. */
  static List<FileKind> all() {
    return List.of(new RecordingKind());
  }

  /** Returns what it is called, as in {@code a recording of sessions}. */
  String name();

  /** Tells whether a file is of this kind, by its first bytes: {@link #BEGINNING} of them, or all that it has. */
  boolean recognises(byte[] beginning);

  /**
   * Shows a file.
   *
   * @param file its bytes from the first on
   * @throws IOException if it cannot be read to the end; all that lies before has been shown
   */
  void show(InputStream file, Output output) throws IOException;
}
