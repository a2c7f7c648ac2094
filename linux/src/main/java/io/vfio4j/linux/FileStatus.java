// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The properties of an open file that matter for accessing memory through it: statx(2), fstatfs(2), and for a
 * DAX device its entry in sysfs.
 *
 * @param type the type of the file
 * @param device a number that is equal for all files of one file system
 * @param inode the inode number of the file
 * @param size size in bytes; meaningless unless {@link #hasSize}
 * @param fileSystem the magic number of the file system, as in linux/magic.h, 32 bits
 * @param mappingUnit the page size of mappings of the file, in bytes, a power of two
 * @param isDax whether it is a DAX device: memory behind a character device
 * @param access the access for which the descriptor is open
 */
public record FileStatus(Type type, long device, long inode, long size, long fileSystem, long mappingUnit,
    boolean isDax, Access access) {

  /** The magic number of tmpfs, which also has the files of memfd_create(2). */
  public static final long TMPFS = 0x0102_1994L;
  /** The magic number of hugetlbfs, which also has the files of memfd_create(2) with MFD_HUGETLB. */
  public static final long HUGETLBFS = 0x9584_58f6L;
  /** The magic number of ramfs. */
  public static final long RAMFS = 0x8584_58f6L;
  /** The magic number of procfs. */
  public static final long PROCFS = 0x9fa0L;

  private static final Path CHARACTER_DEVICES = Path.of("/sys/dev/char");
  private static final long PAGE_SIZE = MemoryCalls.getpagesize();
  private static final int F_GETFL = 3;
  private static final int O_ACCMODE = 3;
  private static final int O_PATH = 0x20_0000;
  private static final int MASK = Statx.STATX_TYPE | Statx.STATX_INO | Statx.STATX_SIZE;

  /** File types. */
  public enum Type {
    /** A regular file. */
    REGULAR,
    /** A character device. */
    CHARACTER_DEVICE,
    /** A block device. */
    BLOCK_DEVICE,
    /** A file without a type, for which the kernel creates descriptors only: a DMA buffer, an eventfd. */
    ANONYMOUS,
    /** A directory, a socket, a FIFO. */
    OTHER
  }

  /**
   * Queries an open file.
   *
   * @throws LinuxException EBADF if the descriptor is closed, and errors of the file system
   */
  public static FileStatus of(Fd fd) throws LinuxException {
    return of(fd, CHARACTER_DEVICES);
  }

  /** The access for which a descriptor is open. */
  public enum Access {
    /** Read-only. */
    READ,
    /** Write-only. */
    WRITE,
    /** Reading and writing. */
    READ_WRITE,
    /** Neither, as with O_PATH. */
    NONE;

    private static Access of(int flags) {
      return (flags & O_PATH) != 0 ? NONE : switch (flags & O_ACCMODE) {
        case 0 -> READ;
        case 1 -> WRITE;
        case 2 -> READ_WRITE;
        default -> NONE;
      };
    }

    /** Returns whether it includes another access. */
    public boolean allows(Access other) {
      return other == this || other == NONE || this == READ_WRITE;
    }
  }

  /** Queries an open file, with another directory of character devices. */
  static FileStatus of(Fd fd, Path characterDevices) throws LinuxException {
    int number = fd.acquire("statx");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(Statx.SIZE, Long.BYTES);
      LinuxException.check(
          FileCalls.statx(number, arena.allocateFrom(""), Statx.AT_EMPTY_PATH, MASK, statx), "statx",
          fd.name());
      MemorySegment statfs = arena.allocate(Statfs.SIZE, Long.BYTES);
      LinuxException.check(FileCalls.fstatfs(number, statfs), "fstatfs", fd.name());
      int flags = LinuxException.check(FileCalls.fcntl(number, F_GETFL, 0), "fcntl", fd.name());
      return of(statx, statfs, Access.of(flags), characterDevices);
    } finally {
      fd.release();
    }
  }

  private static FileStatus of(MemorySegment statx, MemorySegment statfs, Access access,
      Path characterDevices) {
    FileId id = Statx.fileId(statx);
    Type type = type(Statx.type(statx));
    OptionalLong daxPage = type == Type.CHARACTER_DEVICE
        ? daxPage(characterDevices.resolve(Statx.deviceNumber(statx)))
        : OptionalLong.empty();
    long fileSystem = Statfs.type(statfs);
    long unit = fileSystem == HUGETLBFS ? Statfs.blockSize(statfs) : daxPage.orElse(PAGE_SIZE);
    return new FileStatus(type,
        id.device(), id.inode(),
        Statx.size(statx), fileSystem, Math.max(unit, PAGE_SIZE), daxPage.isPresent(), access);
  }

  private static Type type(int mode) {
    return switch (mode) {
      case Statx.S_IFREG -> Type.REGULAR;
      case Statx.S_IFCHR -> Type.CHARACTER_DEVICE;
      case Statx.S_IFBLK -> Type.BLOCK_DEVICE;
      case 0 -> Type.ANONYMOUS;
      default -> Type.OTHER;
    };
  }

  /** Returns the alignment of mappings of a DAX device; other devices have none in sysfs. */
  private static OptionalLong daxPage(Path device) {
    Path alignment = device.resolve("align");
    if (!Files.exists(alignment)) {
      return OptionalLong.empty();
    }
    try {
      long bytes = Long.parseLong(Files.readString(alignment, StandardCharsets.US_ASCII).strip());
      return Long.bitCount(bytes) == 1 ? OptionalLong.of(bytes) : OptionalLong.empty();
    } catch (IOException | NumberFormatException e) {
      return OptionalLong.empty(); // Removed meanwhile: treated like other devices.
    }
  }

  /** Returns whether the size is the end of the file: not for devices, nor for procfs, where it is 0. */
  public boolean hasSize() {
    return switch (type) {
      case REGULAR -> fileSystem != PROCFS || size > 0;
      case ANONYMOUS -> size > 0;
      case CHARACTER_DEVICE, BLOCK_DEVICE, OTHER -> false;
    };
  }

  /** Returns whether both are the same file, of any size. */
  public boolean isSameFile(FileStatus other) {
    return device == other.device && inode == other.inode && type == other.type;
  }
}
