// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** The types of files as stat(2) reports them (inode(7)); the JDK calls several of them "other". */
public final class FileTypes {

  public static final int FIFO = 0x1000;
  public static final int CHARACTER_DEVICE = 0x2000;
  public static final int DIRECTORY = 0x4000;
  public static final int BLOCK_DEVICE = 0x6000;
  public static final int REGULAR = 0x8000;
  public static final int SOCKET = 0xc000;

  /** S_IFMT: the type's bits in the mode. */
  private static final int MASK = 0xf000;

  private FileTypes() {
  }

  /** Returns one of the constants. */
  public static int of(Path path, LinkOption... options) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode", options) & MASK;
  }
}
