// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** Checks of the path of a UNIX socket that do not connect to it. */
public final class SocketFile {

  /** The capacity of sun_path in struct sockaddr_un, without the terminating null byte. */
  static final int MAX_PATH_BYTES = 107;

  private static final int TYPE = 0170000;
  private static final int SOCKET = 0140000;
  private static final int DIRECTORY = 0040000;
  private static final int FIFO = 0010000;
  private static final int REGULAR = 0100000;
  private static final int BLOCK_DEVICE = 0060000;

  private SocketFile() {
  }

  /** Returns a clause that says why a path is too long for a socket; empty if it is not. */
  public static Optional<String> pathLengthProblem(Path path) {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
    return bytes <= MAX_PATH_BYTES ? Optional.empty()
        : Optional.of("the path of a UNIX socket has at most %d bytes, this one has %d"
            .formatted(MAX_PATH_BYTES, bytes));
  }

  /** Returns whether a path is that of a block device. */
  static boolean isBlockDevice(Path path) {
    return type(path).orElse(SOCKET) == BLOCK_DEVICE;
  }

  private static OptionalInt type(Path path) {
    try {
      return OptionalInt.of((int) Files.getAttribute(path, "unix:mode") & TYPE);
    } catch (IOException | UnsupportedOperationException e) {
      return OptionalInt.empty(); // Missing or not accessible: reported by whatever opens it.
    }
  }

  /** Returns the kind of file that is at a path instead of a socket, as in {@code a directory}; else empty. */
  public static Optional<String> nonSocketKind(Path path) {
    return switch (type(path).orElse(SOCKET)) {
      case SOCKET -> Optional.empty();
      case DIRECTORY -> Optional.of("a directory");
      case FIFO -> Optional.of("a FIFO");
      case REGULAR -> Optional.of("a regular file");
      default -> Optional.of("a device node");
    };
  }
}
