// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.listen;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.wire.Threads;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections on its own thread, and admits as many clients at a time as there are places. Each
 * surplus client has a thread, in which it waits for a place and is then rejected with EBUSY, so that no
 * client delays another.
 */
public final class ConnectionAcceptor implements AutoCloseable {

  /**
   * How long a client waits for a place, for example until the previous client is cleaned up, before it is
   * rejected.
   */
  private static final Duration PLACE_TIMEOUT = Duration.ofMillis(500);

  /**
   * Most clients that wait for a place or for their rejection; further ones stay in the backlog of the
   * socket.
   */
  private static final int MAX_WAITING = 64;

  private final UnixServerSocket socket;
  private final Consumer<Optional<UnixSocket>> accepted;
  private final Consumer<String> log;
  private final Semaphore places;
  private final String rejectionMessage;
  private final Thread thread =
      Thread.ofPlatform().name("vfio-user-accept").daemon().unstarted(this::acceptAll);
  private final Semaphore waitingSlots = new Semaphore(MAX_WAITING);
  /** Clients that wait. Guarded by itself; nothing is added after {@link #closed} is set. */
  private final Set<QueuedClient> waiting = new HashSet<>();
  private volatile boolean closed;
  private volatile @Nullable LinuxException failure;

  /**
   * Creates an acceptor, which starts with {@link #start}.
   *
   * @param accepted receives admitted clients, from several threads; empty if the socket has failed
   * @param maxClients the number of places
   */
  public ConnectionAcceptor(UnixServerSocket socket, Consumer<Optional<UnixSocket>> accepted,
      Consumer<String> log, int maxClients) {
    places = new Semaphore(maxClients, true);
    rejectionMessage = "connection rejected: "
        + (maxClients == 1 ? "another client is connected" : "all " + maxClients + " devices are in use");
    this.socket = socket;
    this.accepted = accepted;
    this.log = log;
  }

  public void start() {
    thread.start();
  }

  /** Takes a place for a connection that did not come through this socket. Returns whether there was one. */
  public boolean tryTakePlace() {
    return places.tryAcquire();
  }

  /** Releases the place of a client that was admitted. */
  public void releasePlace() {
    places.release();
  }

  public void checkFailure() throws LinuxException {
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
          assignPlace(client);
        }
      }
    } catch (LinuxException e) {
      if (!closed) {
        failure = e;
        accepted.accept(Optional.empty());
      }
    }
  }

  /**
   * Returns null if the process has no descriptor left at the moment, which a client may have caused, or
   * after {@link #close}.
   */
  private @Nullable UnixSocket accept() throws LinuxException {
    try {
      return socket.accept();
    } catch (LinuxException e) {
      if (!e.errno().equals(Errno.EMFILE)) {
        throw e;
      }
      log.accept("no descriptor for a new connection: " + e.getMessage());
    }
    try {
      TimeUnit.NANOSECONDS.sleep(PLACE_TIMEOUT.toNanos());
    } catch (InterruptedException e) {
      // Only close() interrupts: the next accept fails.
      Thread.currentThread().interrupt();
    }
    return null;
  }

  /** Admits a client, or lets it wait for a place. */
  private void assignPlace(UnixSocket client) {
    try {
      if (places.tryAcquire(0, TimeUnit.NANOSECONDS)) { // Fair: does not overtake a client that waits.
        enqueue(client);
        return;
      }
      waitingSlots.acquire();
    } catch (InterruptedException e) {
      // Only close() interrupts.
      client.close();
      return;
    }
    QueuedClient next = new QueuedClient(client);
    synchronized (waiting) {
      if (closed) {
        client.close();
        return;
      }
      waiting.add(next);
      next.thread.start();
    }
  }

  private void enqueue(UnixSocket client) {
    if (closed) {
      client.close();
    } else {
      accepted.accept(Optional.of(client));
    }
  }

  /** A client that waits for a place, and its thread. */
  private final class QueuedClient {
    private final UnixSocket client;
    private final Thread thread =
        Thread.ofPlatform().name("vfio-user-queued").daemon().unstarted(this::run);

    QueuedClient(UnixSocket client) {
      this.client = client;
    }

    private void run() {
      try {
        if (places.tryAcquire(PLACE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
          enqueue(client);
        } else if (closed) {
          client.close();
        } else {
          reject();
        }
      } catch (InterruptedException e) {
        client.close(); // Only close() interrupts.
      } finally {
        synchronized (waiting) {
          waiting.remove(this);
        }
        waitingSlots.release();
      }
    }

    /** Replies to the client's VERSION with EBUSY. */
    private void reject() {
      try {
        ConnectionRejection.send(client, Errno.EBUSY);
        log.accept(rejectionMessage);
      } catch (LinuxException e) {
        log.accept(rejectionMessage + "; the client disconnected: " + e.getMessage());
      }
    }

    void cancel() {
      client.shutdown();
      thread.interrupt();
    }
  }

  /** Closes clients that were admitted but are not served. */
  public static void closeAll(BlockingQueue<Optional<UnixSocket>> clients) {
    for (Optional<UnixSocket> waiting = clients.poll(); waiting != null; waiting = clients.poll()) {
      waiting.ifPresent(UnixSocket::close);
    }
  }

  @Override
  public void close() {
    closed = true;
    socket.shutdown();
    thread.interrupt();
    if (thread.isAlive() && Thread.currentThread() != thread) {
      Threads.joinUninterruptibly(thread);
    }
    List<QueuedClient> remaining;
    synchronized (waiting) {
      remaining = List.copyOf(waiting);
    }
    remaining.forEach(QueuedClient::cancel);
    remaining.stream().map(client -> client.thread).filter(client -> client != Thread.currentThread())
        .forEach(Threads::joinUninterruptibly);
    socket.close();
  }
}
