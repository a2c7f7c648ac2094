// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.Side;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the connections of a side alive, in a thread of its own: whatever the other threads wait for, be it a device, a
 * disk or a workload that pauses, the other side hears that this one is there. A connection that is broken is left to
 * those who use it, and one without room is passed over: none keeps the thread from the others.
 */
public final class Heartbeat implements AutoCloseable {

  /** Looks so much more often than it beats, since others send too. */
  private static final int CHECKS_PER_INTERVAL = 2;

  private final Duration interval;
  private final Set<StreamConnection> connections = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService thread;
  /** The beat, once there is a connection; for the thread that adds connections. */
  private @Nullable ScheduledFuture<?> schedule;

  public Heartbeat(Side side, Duration interval) {
    this.interval = interval;
    this.thread = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().name("vfio4j-%s-heartbeat".formatted(side)).daemon(true).factory());
  }

  /** Keeps a connection alive from now on, until its last word has been sent; for one thread. */
  public void add(StreamConnection connection) {
    connections.add(connection);
    if (schedule == null) {
      long pause = Math.max(1, interval.toNanos() / CHECKS_PER_INTERVAL);
      schedule = thread.scheduleWithFixedDelay(this::sendAll, pause, pause, TimeUnit.NANOSECONDS);
    }
  }

  private void sendAll() {
    connections.removeIf(this::isBroken);
  }

  /** Sends a sign of life. A failure is not reported here: the threads that use the connection find it themselves. */
  private boolean isBroken(StreamConnection connection) {
    try {
      connection.keepAlive(interval);
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  /** Ends it. The connections may be closed then: none is used any more. */
  @Override
  public void close() {
    thread.shutdownNow();
    thread.close(); // Waits; an interrupt stays.
  }
}
