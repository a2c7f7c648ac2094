// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The listening UNIX sockets of this host ({@code /proc/net/unix}, proc_net_unix(5)). A server whose socket file was removed
 * or replaced cannot be reached but still serves its device.
 */
final class ListeningSockets {

  private static final Path TABLE = Path.of("/proc/net/unix");
  /** {@code __SO_ACCEPTCON} of linux/net.h. */
  private static final long ACCEPTING_FLAG = 1 << 16;
  private static final int FLAGS_FIELD = 3;
  private static final int PATH_FIELD = 7;

  private ListeningSockets() {
  }

  /**
   * Returns whether a process listens on a socket bound to a path.
   *
   * @param path an absolute path. A socket bound to a relative path matches if the file names are equal, since its directory
   *     is unknown
   * @throws IOException if the table cannot be read
   */
  static boolean contains(Path path) throws IOException {
    List<String> lines = Files.readAllLines(TABLE);
    return lines.stream().skip(1).anyMatch(line -> isListener(line, path));
  }

  private static boolean isListener(String line, Path path) {
    String[] fields = line.strip().split("\\s+", PATH_FIELD + 1);
    if (fields.length <= PATH_FIELD || (Long.parseLong(fields[FLAGS_FIELD], 16) & ACCEPTING_FLAG) == 0) {
      return false;
    }
    String bound = fields[PATH_FIELD];
    Path name = path.getFileName();
    return bound.equals(path.toString())
        || (name != null && !bound.startsWith("/") && !bound.startsWith("@")
            && name.equals(Path.of(bound).getFileName()));
  }
}
