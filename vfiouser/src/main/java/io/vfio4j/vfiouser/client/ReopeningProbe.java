// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.Errno;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A probe that can reconnect to its server. */
final class ReopeningProbe extends VfioUserProbe implements DeviceProbe.ReopenProbe {

  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Path path;
  private final ClientOptions options;

  ReopeningProbe(Path path, ClientOptions options) throws DeviceException {
    super(VfioUserClient.connect(path, options));
    this.path = path;
    this.options = options;
  }

  /**
   * {@inheritDoc} Retries on EBUSY, because the server may not have noticed yet that the previous client
   * disconnected.
   */
  @Override
  public void reopen() throws DeviceException {
    device().close();
    long start = System.nanoTime();
    while (true) {
      try {
        replaceClient(VfioUserClient.connect(path, options));
        return;
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - start > options.timeout().toNanos()) {
          throw e;
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }
}
