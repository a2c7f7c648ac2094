// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;

/** What the JDK's TLS wants to be done by whoever has the time: signatures, mostly. */
final class TlsTasks {

  private TlsTasks() {
  }

  /** Does it at once, if a result asks for it. */
  static void run(SSLEngine engine, SSLEngineResult result) {
    if (result.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_TASK) {
      for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
        task.run();
      }
    }
  }
}
