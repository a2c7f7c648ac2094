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
 * Sends ALIVE on the connections of a side, in a dedicated thread: the peer gets a sign of life even if the other threads
 * wait for a device, a disk or a workload that pauses. The thread never blocks: a connection without space is skipped, and
 * a broken one is left to the threads that use it.
 */
public final class Heartbeat implements AutoCloseable {

  /** Checks more often than the interval, because other frames count as signs of life too. */
  private static final int CHECKS_PER_INTERVAL = 2;

  private final Duration interval;
  private final Set<StreamConnection> connections = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService thread;
  /** The periodic task, once there is a connection; for the thread that adds connections. */
  private @Nullable ScheduledFuture<?> schedule;

  public Heartbeat(Side side, Duration interval) {
    this.interval = interval;
    this.thread = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().name("vfio4j-%s-heartbeat".formatted(side)).daemon(true).factory());
  }

  /** Sends ALIVE on a connection from now on, until its final frame has been sent; for one thread. */
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

  /** Sends ALIVE. A failure is not reported here: the threads that use the connection get it themselves. */
  private boolean isBroken(StreamConnection connection) {
    try {
      connection.keepAlive(interval);
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  /** Stops the thread. After that it uses no connection, so that they can be closed. */
  @Override
  public void close() {
    thread.shutdownNow();
    thread.close(); // Waits for the thread; keeps an interrupt.
  }
}
