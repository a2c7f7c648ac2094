// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** A cpio archive in the format that the kernel unpacks (newc, Documentation/driver-api/early-userspace/buffer-format). */
final class CpioArchive {

  private static final int FOLDER = 0040755;
  private static final int PROGRAM = 0100755;
  private static final int CHARACTER_DEVICE = 0020600;
  private static final int ALIGNMENT = 4;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int entries;

  CpioArchive folder(String path) {
    return add(path, FOLDER, new byte[0], 0, 0);
  }

  CpioArchive program(String path, byte[] content) {
    return add(path, PROGRAM, content, 0, 0);
  }

  CpioArchive characterDevice(String path, int major, int minor) {
    return add(path, CHARACTER_DEVICE, new byte[0], major, minor);
  }

  private CpioArchive add(String path, int mode, byte[] content, int major, int minor) {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    entries++;
    // inode, mode, uid, gid, links, time, bytes, the file system's major and minor, the device's, bytes of the name,
    // and a checksum that this format leaves at 0.
    int[] fields = {entries, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length + 1, 0};
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append("%08x".formatted(field));
    }
    bytes.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
    bytes.writeBytes(name);
    bytes.write(0);
    pad();
    bytes.writeBytes(content);
    pad();
    return this;
  }

  private void pad() {
    while (bytes.size() % ALIGNMENT != 0) {
      bytes.write(0);
    }
  }

  /** Ends the archive. */
  byte[] toBytes() {
    add("TRAILER!!!", 0, new byte[0], 0, 0);
    return bytes.toByteArray();
  }
}
