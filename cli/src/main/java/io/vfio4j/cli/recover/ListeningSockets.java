// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The UNIX sockets that processes of this machine listen at, as {@code /proc/net/unix} lists them (proc_net_unix(5)): a
 * server whose socket file was removed or replaced cannot be reached, and serves its device all the same.
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
   * Returns whether a process listens at a socket that was bound to a path.
   *
   * @param path absolute. A socket that was bound to a relative path counts if the last names are the same, since the
   *     directory is not known
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
