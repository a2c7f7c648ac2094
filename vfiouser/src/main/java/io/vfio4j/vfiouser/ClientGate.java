// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Accepts clients on a thread of its own: lets as many in at a time as there are devices, and tells the others that
 * these are in use.
 */
final class ClientGate implements AutoCloseable {

  /** How long a client waits for the one before it to be gone for good, before it is refused. */
  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final UnixServerSocket socket;
  private final BlockingQueue<Optional<UnixSocket>> admitted;
  private final Consumer<String> log;
  private final Semaphore places;
  private final String refusal;
  private final Thread thread =
      Thread.ofPlatform().name("vfio-user-accept").daemon().unstarted(this::acceptAll);
  private volatile boolean closed;
  /** The last client that was refused, maybe just now. */
  private volatile @Nullable UnixSocket refused;
  private volatile @Nullable LinuxException failure;

  /**
   * Makes a gate, shut for now.
   *
   * @param most how many clients may be inside at a time
   */
  ClientGate(UnixServerSocket socket, BlockingQueue<Optional<UnixSocket>> admitted, Consumer<String> log,
      int most) {
    places = new Semaphore(most);
    refusal = "client refused: "
        + (most == 1 ? "another one is connected" : "all " + most + " devices are in use");
    this.socket = socket;
    this.admitted = admitted;
    this.log = log;
  }

  void open() {
    thread.start();
  }

  /** Says that a client let in before is gone. */
  void next() {
    places.release();
  }

  void checkAlive() throws LinuxException {
    LinuxException e = failure;
    if (e != null) {
      throw e;
    }
  }

  private void acceptAll() {
    try {
      while (!closed) {
        UnixSocket client = accept();
        if (client != null) {
          admit(client);
        }
      }
    } catch (LinuxException e) {
      if (!closed) {
        failure = e;
        admitted.add(Optional.empty());
      }
    }
  }

  /** Returns null if the process has no descriptor left for now, which a client may bring about, or at the end. */
  private @Nullable UnixSocket accept() throws LinuxException {
    try {
      return socket.accept();
    } catch (LinuxException e) {
      if (!e.errno().equals(Errno.EMFILE)) {
        throw e;
      }
      log.accept("client kept waiting: " + e.getMessage());
    }
    try {
      TimeUnit.NANOSECONDS.sleep(PATIENCE.toNanos());
    } catch (InterruptedException e) {
      // Only close() interrupts: the next accept fails.
      Thread.currentThread().interrupt();
    }
    return null;
  }

  private void admit(UnixSocket client) {
    boolean admits;
    try {
      admits = places.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      // Only close() interrupts.
      client.close();
      return;
    }
    if (closed) {
      client.close();
    } else if (admits) {
      admitted.add(Optional.of(client));
    } else {
      refuse(client);
    }
  }

  /** Answers the client's VERSION with EBUSY. */
  private void refuse(UnixSocket client) {
    refused = client;
    if (closed) {
      client.close();
      return;
    }
    try {
      Refusal.send(client, Errno.EBUSY);
      log.accept(refusal);
    } catch (LinuxException e) {
      log.accept(refusal + "; it went away: " + e.getMessage());
    }
  }

  /** Closes clients that were let in and not taken. */
  static void drop(BlockingQueue<Optional<UnixSocket>> clients) {
    for (Optional<UnixSocket> waiting = clients.poll(); waiting != null; waiting = clients.poll()) {
      waiting.ifPresent(UnixSocket::close);
    }
  }

  @Override
  public void close() {
    closed = true;
    socket.shutdown();
    UnixSocket client = refused;
    if (client != null) {
      client.shutdown();
    }
    thread.interrupt();
    if (thread.isAlive() && Thread.currentThread() != thread) {
      Joining.join(thread);
    }
    socket.close();
  }
}
