// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.Transport;
import java.nio.file.Path;

/** One direction of a file as a transport. No peer answers, and writing never waits for one. */
abstract class FileTransport implements Transport {

  /** The file, as the user named it. */
  final Path path;

  FileTransport(Path path) {
    this.path = path;
  }

  @Override
  public final boolean hasInput() {
    return false;
  }

  @Override
  public final boolean hasRoom() {
    return true;
  }

  @Override
  public final String peer() {
    return path.toString();
  }
}
