// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import java.io.IOException;
import java.io.InputStream;

/** Detects the end of standard input, which occurs whenever the program at its other end exits. */
final class StandardInputMonitor {

  private StandardInputMonitor() {
  }

  static void onEndOfInput(Runnable atEnd) {
    Thread thread = new Thread(() -> {
      awaitEnd(System.in);
      atEnd.run();
    }, "vfio4j-stdin");
    thread.setDaemon(true);
    thread.start();
  }

  private static void awaitEnd(InputStream in) {
    try {
      while (in.read() >= 0) {
        // The content is ignored.
      }
    } catch (IOException e) {
      // An input that cannot be read has ended too.
    }
  }
}
