// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.Errno;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A probe that knows where the server listens. */
final class ReopeningProbe extends VfioUserProbe implements DeviceProbe.ReopenProbe {

  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Path path;
  private final ClientOptions options;

  ReopeningProbe(Path path, ClientOptions options) throws DeviceException {
    super(VfioUserClient.connect(path, options));
    this.path = path;
    this.options = options;
  }

  /** {@inheritDoc} The server may take a moment to notice that the client before is gone. */
  @Override
  public void reopen() throws DeviceException {
    device().close();
    long begun = System.nanoTime();
    while (true) {
      try {
        replaceClient(VfioUserClient.connect(path, options));
        return;
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || System.nanoTime() - begun > options.timeout().toNanos()) {
          throw e;
        }
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }
}
