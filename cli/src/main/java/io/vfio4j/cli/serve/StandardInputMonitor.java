// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import java.io.IOException;
import java.io.InputStream;

/** Notices the end of the standard input, which comes when the program at its other end dies, however it does. */
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
        // What is written does not matter.
      }
    } catch (IOException e) {
      // An input that cannot be read has ended, too.
    }
  }
}
