// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import io.vfio4j.linux.Fd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file descriptor that was sent with a message. File names are not recorded, because recordings may be
 * passed on.
 *
 * @param number the descriptor in the recording process
 * @param kind the kind of file
 * @param size the size of the file in bytes, 0 if it has none
 */
public record RecordedFd(int number, FdKind kind, long size) {

  /** Examines a descriptor. */
  static RecordedFd of(Fd fd) throws IOException {
    int number = fd.number();
    Path target = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(number)));
    return new RecordedFd(number, FdKind.of(target.toString()), fd.size());
  }
}
