// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes a cpio archive in the format that the kernel unpacks (newc,
 * Documentation/driver-api/early-userspace/buffer-format).
 */
final class CpioArchive implements AutoCloseable {

  private static final int FOLDER = 0040755;
  private static final int PROGRAM = 0100755;
  private static final int CHARACTER_DEVICE = 0020600;
  private static final int ALIGNMENT = 4;

  private final OutputStream out;
  private long position;
  private int entries;

  CpioArchive(OutputStream out) {
    this.out = new BufferedOutputStream(out);
  }

  CpioArchive folder(String path) throws IOException {
    return add(path, FOLDER, new byte[0], 0, 0);
  }

  CpioArchive program(String path, byte[] content) throws IOException {
    return add(path, PROGRAM, content, 0, 0);
  }

  CpioArchive characterDevice(String path, int major, int minor) throws IOException {
    return add(path, CHARACTER_DEVICE, new byte[0], major, minor);
  }

  /** Adds a folder recursively, following links. */
  CpioArchive tree(String path, Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> found = Files.walk(folder)) {
      all = found.sorted().toList();
    }
    for (Path each : all) {
      String name = each.equals(folder) ? path : path + "/" + folder.relativize(each);
      if (Files.isDirectory(each)) {
        folder(name);
      } else {
        program(name, Files.readAllBytes(each));
      }
    }
    return this;
  }

  private CpioArchive add(String path, int mode, byte[] content, int major, int minor) throws IOException {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    entries++;
    // inode, mode, uid, gid, links, time, bytes, the file system's major and minor, the device's, bytes of the name,
    // and a checksum that this format leaves at 0.
    int[] fields = {entries, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length + 1, 0};
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append("%08x".formatted(field));
    }
    write(header.toString().getBytes(StandardCharsets.US_ASCII));
    write(name);
    write(new byte[1]);
    pad();
    write(content);
    pad();
    return this;
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    position += bytes.length;
  }

  private void pad() throws IOException {
    while (position % ALIGNMENT != 0) {
      write(new byte[1]);
    }
  }

  /** Completes the archive and closes its output. */
  @Override
  public void close() throws IOException {
    try (out) {
      add("TRAILER!!!", 0, new byte[0], 0, 0);
    }
  }
}
