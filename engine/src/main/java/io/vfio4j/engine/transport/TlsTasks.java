// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;

/** The delegated tasks of the JDK's TLS: mostly signatures. */
final class TlsTasks {

  private TlsTasks() {
  }

  /** Runs them in this thread, if a result requests it. */
  static void run(SSLEngine engine, SSLEngineResult result) {
    if (result.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_TASK) {
      for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
        task.run();
      }
    }
  }
}
