// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Two servers, between which {@code vfio4j swap} moves a device with the connection of its client. */
final class SwapPair implements AutoCloseable {

  private final Path folder;
  private final long memory;
  private SwapServer current;
  private SwapServer other;
  private int started;

  /**
   * Starts the servers; the first one has the device.
   *
   * @param memory bytes of internal memory
   */
  SwapPair(Path folder, long memory) throws IOException {
    this.folder = folder;
    this.memory = memory;
    this.current = start();
    this.other = start();
  }

  private SwapServer start() throws IOException {
    started++;
    return SwapServer.start(folder.resolve("swap" + started), memory);
  }

  SwapServer current() {
    return current;
  }

  /** Moves the device to the other server. */
  void swap() throws IOException, InterruptedException {
    run(List.of());
    SwapServer left = current;
    current = other;
    other = left;
  }

  /** Does all that a swap does before it touches the device. */
  void dryRun() throws IOException, InterruptedException {
    run(List.of("--dry-run"));
  }

  /** Replaces the server that does not have the device by a new process, whose code has not run. */
  void renewOther() throws IOException {
    other.close();
    other = start();
  }

  private void run(List<String> more) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("swap", "--from", "control:" + current.control(), "--to",
        "control:" + other.control(), "--max-downtime", "3s", "--quiet", "--state-dir",
        folder.resolve("journals").toString()));
    arguments.addAll(more);
    int code = new ProcessBuilder(SwapServer.vfio4j(arguments)).inheritIO()
        .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    if (code != 0) {
      throw new IOException("exit code " + code + " of vfio4j " + arguments);
    }
  }

  @Override
  public void close() throws IOException {
    try (SwapServer _ = current; SwapServer _ = other) {
      // Stops both.
    }
  }
}
