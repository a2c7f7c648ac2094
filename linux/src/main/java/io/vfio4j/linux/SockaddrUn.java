// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The address of a UNIX socket, unix(7):
 *
 * <pre>{@code
 * struct sockaddr_un {
 *   sa_family_t sun_family;       // unsigned short
 *   char        sun_path[108];
 * };
 * }</pre>
 */
final class SockaddrUn {

  static final long SIZE = 110;
  static final long FAMILY_OFFSET = 0;
  static final long PATH_OFFSET = 2;

  static final int AF_UNIX = 1;

  private SockaddrUn() {}

  /**
   * Allocates the address of a path, NUL-terminated.
   *
   * @throws LinuxException ENAMETOOLONG if the path is longer than 107 bytes of UTF-8; ENOENT if it is empty,
   *     which would make the kernel choose an abstract name
   */
  static MemorySegment allocate(SegmentAllocator allocator, String function, Path path)
      throws LinuxException {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length == 0) {
      throw new LinuxException(function, "an empty path", Errno.ENOENT);
    }
    if (PATH_OFFSET + name.length >= SIZE) {
      throw new LinuxException(function, path.toString(), Errno.ENAMETOOLONG);
    }
    MemorySegment address = allocator.allocate(SIZE, JAVA_SHORT.byteAlignment());
    address.set(JAVA_SHORT, FAMILY_OFFSET, (short) AF_UNIX);
    MemorySegment.copy(name, 0, address, JAVA_BYTE, PATH_OFFSET, name.length);
    return address;
  }
}
