// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.linux.Fd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file descriptor that went with a message. Its name is not kept: a recording may be given to others.
 *
 * @param number its number in the process that recorded it
 * @param kind what it is of
 * @param size bytes of the file, 0 for what has none
 */
public record RecordedFd(int number, FdKind kind, long size) {

  /** Looks at a descriptor. */
  static RecordedFd of(Fd fd) throws IOException {
    int number = fd.number();
    Path target = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(number)));
    return new RecordedFd(number, FdKind.of(target.toString()), fd.size());
  }
}
