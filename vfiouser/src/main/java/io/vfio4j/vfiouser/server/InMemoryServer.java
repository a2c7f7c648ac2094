// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Serves a device to clients that are objects of this process: without a socket, without threads, by any clock, so
 * that a session goes the same way each time. For tests of devices, for replays and for fuzzing. For one thread.
 */
public final class InMemoryServer implements AutoCloseable {

  private final DeviceBackend service;
  private final LogLimiter log;
  private final boolean ownsLog;

  /**
   * Makes a server, and attaches the device to it.
   *
   * @param device the device, which stays the caller's
   * @param options how to serve it
   * @param log takes a line for every client that is given up
   * @param clock the time of the device, in nanoseconds
   */
  public InMemoryServer(EmulatedDevice device, ServerOptions options, Consumer<String> log,
      LongSupplier clock) {
    this.log = LogLimiter.of(log, clock);
    this.ownsLog = this.log != log; // Otherwise others have their part in it.
    service = new DeviceBackend(device, options, this.log, clock, new AtomicLong());
    try {
      service.attach();
    } catch (RuntimeException e) {
      service.close();
      throw e;
    }
  }

  /**
   * Serves a client until it goes away or is given up.
   *
   * @return whether it was a client: it got beyond its VERSION
   */
  public boolean serve(InMemoryClient client) {
    return service.serve(new InMemoryTransport(client), "in this process");
  }

  /** Frees what clients left. The device stays open. */
  @Override
  public void close() {
    service.close();
    if (ownsLog) {
      log.flush();
    }
  }
}
