// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

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
 * Accepts clients on a thread of its own: lets as many in at a time as there are devices, and tells the others that
 * these are in use. Those that find no place wait for one side by side, each in a thread, and are refused side by side: one
 * delays no other.
 */
final class ConnectionAcceptor implements AutoCloseable {

  /** How long a client waits for the one before it to be gone for good, before it is refused. */
  private static final Duration PLACE_TIMEOUT = Duration.ofMillis(500);

  /** How many clients may wait for a place, or for their refusal, at a time; more wait to be accepted. */
  private static final int MAX_WAITING = 64;

  private final UnixServerSocket socket;
  private final BlockingQueue<Optional<UnixSocket>> accepted;
  private final Consumer<String> log;
  private final Semaphore places;
  private final String rejectionMessage;
  private final Thread thread =
      Thread.ofPlatform().name("vfio-user-accept").daemon().unstarted(this::acceptAll);
  private final Semaphore waitingSlots = new Semaphore(MAX_WAITING);
  /** Clients that wait; guards itself. Nothing is added once {@link #closed} is set. */
  private final Set<QueuedClient> waiting = new HashSet<>();
  private volatile boolean closed;
  private volatile @Nullable LinuxException failure;

  /**
   * Makes a gate, shut for now.
   *
   * @param most how many clients may be inside at a time
   */
  ConnectionAcceptor(UnixServerSocket socket, BlockingQueue<Optional<UnixSocket>> admitted,
      Consumer<String> log,
      int most) {
    places = new Semaphore(most, true);
    rejectionMessage = "client refused: "
        + (most == 1 ? "another one is connected" : "all " + most + " devices are in use");
    this.socket = socket;
    this.accepted = admitted;
    this.log = log;
  }

  void start() {
    thread.start();
  }

  /** Says that a client let in before is gone. */
  void releasePlace() {
    places.release();
  }

  void checkFailure() throws LinuxException {
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
        accepted.add(Optional.empty());
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
      TimeUnit.NANOSECONDS.sleep(PLACE_TIMEOUT.toNanos());
    } catch (InterruptedException e) {
      // Only close() interrupts: the next accept fails.
      Thread.currentThread().interrupt();
    }
    return null;
  }

  /** Lets a client in, or has it wait for a place. */
  private void assignPlace(UnixSocket client) {
    try {
      if (places.tryAcquire(0, TimeUnit.NANOSECONDS)) { // None that has waited longer is passed over.
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
      accepted.add(Optional.of(client));
    }
  }

  /** A client that found no place, and its thread. */
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

    /** Answers the client's VERSION with EBUSY. */
    private void reject() {
      try {
        ConnectionRejection.send(client, Errno.EBUSY);
        log.accept(rejectionMessage);
      } catch (LinuxException e) {
        log.accept(rejectionMessage + "; it went away: " + e.getMessage());
      }
    }

    void cancel() {
      client.shutdown();
      thread.interrupt();
    }
  }

  /** Closes clients that were let in and not taken. */
  static void closeAll(BlockingQueue<Optional<UnixSocket>> clients) {
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
    List<QueuedClient> left;
    synchronized (waiting) {
      left = List.copyOf(waiting);
    }
    left.forEach(QueuedClient::cancel);
    left.stream().map(one -> one.thread).filter(one -> one != Thread.currentThread())
        .forEach(Threads::joinUninterruptibly);
    socket.close();
  }
}
