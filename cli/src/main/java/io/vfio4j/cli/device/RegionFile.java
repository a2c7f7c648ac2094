// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.engine.memory.BackingStore;
import io.vfio4j.engine.memory.FileIdentity;
import io.vfio4j.linux.FileSpace;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/**
 * The file that a region is mapped from. If it was since replaced or removed, its free space is unknown.
 *
 * @param path its path when it was mapped
 * @param mapped its status when it was mapped
 */
record RegionFile(Path path, FileStatus mapped) implements BackingStore {

  /** Changes at each boot: device and inode identify a file only until the next one. */
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  @Override
  public void allocate(MemorySegment pages) throws LinuxException {
    try {
      MemoryMap.populate(pages);
    } catch (LinuxException e) {
      if (!e.errno().equals(Errno.EINVAL)) { // Not supported before Linux 5.14.
        throw e;
      }
    }
  }

  @Override
  public Optional<Space> space() {
    FileSpace now;
    try {
      now = FileSpace.of(path);
    } catch (LinuxException e) {
      return Optional.empty();
    }
    boolean isMapped = now.fileSystem() == mapped.device() && now.inode() == mapped.inode();
    return now.available().isPresent() && isMapped
        ? Optional.of(new Space(now.fileSystem(), now.allocated(), now.available().getAsLong()))
        : Optional.empty();
  }

  /** Returns a digest, so that the numbers of this host are not disclosed to a peer. */
  @Override
  public Optional<FileIdentity> identity() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(Files.readString(BOOT_ID).strip().getBytes(StandardCharsets.UTF_8));
      ByteBuffer numbers =
          ByteBuffer.allocate(2 * Long.BYTES).putLong(mapped.device()).putLong(mapped.inode());
      ByteBuffer identity = ByteBuffer.wrap(digest.digest(numbers.array()));
      return Optional.of(new FileIdentity(identity.getLong(), identity.getLong()));
    } catch (IOException e) {
      return Optional.empty(); // Without the boot ID, a file of another host could have the same identity.
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
