// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.log.LogLimiter;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Serves a device to clients within the process: without sockets and threads, and with any clock, so that a
 * run can be repeated exactly. For tests of devices, replays and fuzzing. Used on one thread.
 */
public final class InMemoryServer implements AutoCloseable {

  private final DeviceBackend backend;
  private final LogLimiter log;
  private final boolean ownsLog;

  /**
   * Creates a server, and attaches the device to it.
   *
   * @param device the device, which stays the caller's
   * @param options how it is served
   * @param log receives a line for each connection that fails
   * @param clock the time of the device, in nanoseconds
   */
  public InMemoryServer(EmulatedDevice device, ServerOptions options, Consumer<String> log,
      LongSupplier clock) {
    this.log = LogLimiter.of(log, clock);
    this.ownsLog = this.log != log; // Otherwise others use it too.
    backend = new DeviceBackend(device, options, this.log, clock, new AtomicLong(), null);
    try {
      backend.attach(() -> false, () -> {
      });
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  /**
   * Serves a client until it disconnects or its connection fails.
   *
   * @return whether its VERSION succeeded
   */
  public boolean serve(InMemoryClient client) {
    return backend.serve(new InMemoryTransport(client), VmmConnection.unknown(), null);
  }

  /** Frees the memory of the server. The device stays open. */
  @Override
  public void close() {
    backend.close();
    if (ownsLog) {
      log.flush();
    }
  }
}
