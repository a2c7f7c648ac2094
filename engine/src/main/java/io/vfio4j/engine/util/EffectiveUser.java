// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The effective user of this process, which the JDK does not report. */
public final class EffectiveUser {

  private EffectiveUser() {
  }

  /** Returns its uid, unsigned: the second number of the line (proc_pid_status(5)). */
  public static int uid() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("Uid:")) {
        return Integer.parseUnsignedInt(line.split("\\s+", -1)[2]);
      }
    }
    throw new IOException("/proc/self/status does not name the user of this process");
  }
}
