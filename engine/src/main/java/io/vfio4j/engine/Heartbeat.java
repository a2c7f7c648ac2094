// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the connections of a side alive, in a thread of its own: whatever the other threads wait for, be it a device, a
 * disk or a workload that pauses, the other side hears that this one is there. A connection that is broken is left to
 * those who use it.
 */
final class Heartbeat implements AutoCloseable {

  /** Looks so much more often than it beats, since others send too. */
  private static final int LOOKS = 2;

  private final Duration interval;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService thread;
  private boolean beats;

  Heartbeat(Side side, Duration interval) {
    this.interval = interval;
    this.thread = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().name("vfio4j-%s-heartbeat".formatted(side)).daemon(true).factory());
  }

  /** Keeps a connection alive from now on, until its last word has been sent; for one thread. */
  void add(Link link) {
    links.add(link);
    if (!beats) {
      beats = true;
      long pause = Math.max(1, interval.toNanos() / LOOKS);
      thread.scheduleWithFixedDelay(this::beat, pause, pause, TimeUnit.NANOSECONDS);
    }
  }

  private void beat() {
    for (Link link : links) {
      try {
        link.keepAlive(interval);
      } catch (IOException e) {
        links.remove(link); // Nobody is to be told: who sends or waits there finds out by himself.
      }
    }
  }

  /** Ends it. The connections may be closed then: none is used any more. */
  @Override
  public void close() {
    thread.shutdownNow();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = thread.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
