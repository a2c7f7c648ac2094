// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Inspects and pauses server processes. */
final class ServerProcesses {

  private static final String GUEST_MEMORY = "memory-backend-memfd";
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private ServerProcesses() {
  }

  /** Returns whether the server has mapped memory of a guest. */
  static boolean hasGuestMemory(ChildServer server) throws IOException {
    return Files.readString(Path.of("/proc", Long.toString(server.pid()), "maps")).contains(GUEST_MEMORY);
  }

  /** Returns whether a guest's QEMU has mapped a memfd. */
  static boolean hasQemuMapped(Guest guest, String memfd) throws IOException {
    for (ProcessHandle qemu : guest.qemu().process().descendants().toList()) {
      if (Files.readString(Path.of("/proc", Long.toString(qemu.pid()), "maps")).contains("/memfd:" + memfd)) {
        return true;
      }
    }
    return false;
  }

  /** Stops a server with SIGSTOP until closed, to show what works without it. */
  static AutoCloseable pause(ChildServer server) throws IOException, InterruptedException {
    signal(server, "STOP");
    return () -> signal(server, "CONT");
  }

  private static void signal(ChildServer server, String signal) throws IOException, InterruptedException {
    ToolProcess.run(TIMEOUT, Path.of(System.getProperty("java.io.tmpdir")),
        List.of("sh", "-c", "kill -" + signal + " " + server.pid()));
  }
}
