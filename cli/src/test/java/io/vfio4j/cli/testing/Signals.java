// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/** Signals to other processes. */
public final class Signals {

  private Signals() {
  }

  /**
   * Sends a signal.
   *
   * @param name as in {@code kill -NAME}
   */
  public static void send(long pid, String name) throws IOException, InterruptedException {
    int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    assertThat(code).as("kill -%s %d", name, pid).isZero();
  }
}
