// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.util.EffectiveUser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * Checks that only this user and root can write to a directory: a journal decides which devices run, so a user who can add,
 * replace or remove one decides it too.
 */
final class DirectoryPermissions {

  private static final int ROOT = 0;

  private DirectoryPermissions() {
  }

  /**
   * Checks owner and mode.
   *
   * @throws IOException if another user owns it, or group or others can write to it; the message says what to do
   */
  static void requirePrivate(Path folder) throws IOException {
    int owner = (Integer) Files.getAttribute(folder, "unix:uid");
    int own = EffectiveUser.uid();
    if (owner != own && owner != ROOT) {
      throw new IOException(
          "it is owned by user %d, and this is user %d: chown %d %s, or pass another --state-dir"
              .formatted(owner, own, own, folder));
    }
    requireNoOtherWriter(folder);
  }

  private static void requireNoOtherWriter(Path folder) throws IOException {
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(folder);
    Set<PosixFilePermission> others =
        EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);
    others.retainAll(mode);
    if (!others.isEmpty()) {
      throw new IOException("other users can write to it (mode %s): chmod go-w %s"
          .formatted(PosixFilePermissions.toString(mode), folder));
    }
  }
}
