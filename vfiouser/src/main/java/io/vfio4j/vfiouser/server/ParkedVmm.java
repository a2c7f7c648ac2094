// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ThreadSignal;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.parked.ParkedDevice;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.Threads;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The second VMM of a device, a candidate or the owner before, which has a thread of its own: what it sets up is kept in
 * a context of its own, without an effect on the device. The device's thread lets this thread execute tasks
 * ({@link #call}) between two messages of the VMM.
 *
 * <table> <caption>States</caption>
 * <tr><th>state</th><th>entered by</th><th>left by</th></tr>
 * <tr><td>free</td><td>the end of a connection, {@link #detach}</td><td>{@link #accept}, {@link #park}</td></tr>
 * <tr><td>occupied</td><td>{@link #accept}, {@link #park}</td><td>the end of the connection, {@link #detach}</td></tr>
 * </table>
 */
final class ParkedVmm implements Summons, AutoCloseable {

  /** How long a task may wait for the end of a message: the device's thread waits meanwhile. */
  private static final long MAX_WAIT_NANOS = 200_000_000;

  /** How long a signal may take to arrive before it is repeated: it has no effect outside of a system call. */
  private static final long SIGNAL_INTERVAL_MILLIS = 1;

  /** A task of the thread. */
  @FunctionalInterface
  interface Task<T> {
    T execute(DeviceBackend backend) throws ErrnoException, LinuxException;
  }

  private final ParkedDevice device;
  private final ServerOptions options;
  private final LogLimiter log;
  private final LongSupplier clock;
  private final Runnable onEnded;
  private final Thread thread = Thread.ofPlatform().name("vfio-user-parked").daemon().unstarted(this::run);
  /** Guards the fields below, as far as they are not volatile. */
  private final Object lock = new Object();
  private volatile @Nullable FutureTask<?> task;
  private volatile boolean stopping;
  /** The thread's; tasks run there. */
  private @Nullable DeviceBackend backend;
  private @Nullable ThreadSignal signal;
  private @Nullable UnixSocket accepted;
  private boolean isOccupied;
  private boolean wasOwner;

  /**
   * Creates the place of a second VMM; {@link #start} starts its thread.
   *
   * @param onEnded called when the VMM has disconnected; on the thread
   */
  ParkedVmm(ParkedDevice device, ServerOptions options, LogLimiter log, LongSupplier clock,
      Runnable onEnded) {
    this.device = device;
    // The migration region of version 1, if there is one, is part of the device already.
    this.options = options.toBuilder().versions(MigrationVersions.V2).keepState(KeepState.NEVER).build();
    this.log = log;
    this.clock = clock;
    this.onEnded = onEnded;
  }

  void start() {
    thread.start();
  }

  /** Returns whether there is a VMM. From any thread. */
  boolean isOccupied() {
    synchronized (lock) {
      return isOccupied;
    }
  }

  /** Returns whether the VMM has been the owner of the device. From any thread. */
  boolean wasOwner() {
    synchronized (lock) {
      return wasOwner;
    }
  }

  /**
   * Serves a client as the second VMM. From any thread.
   *
   * @return false if there is one already; the client stays the caller's then
   */
  boolean accept(UnixSocket client) {
    synchronized (lock) {
      if (isOccupied || stopping) {
        return false;
      }
      isOccupied = true;
      wasOwner = false;
      accepted = client;
      lock.notifyAll();
      return true;
    }
  }

  /**
   * Serves the owner before as the second VMM.
   *
   * @param owner stays the caller's
   * @throws ErrnoException if its connection cannot be continued
   */
  void park(VmmImage owner) throws ErrnoException {
    call(parked -> {
      parked.continueConnection(owner, true);
      synchronized (lock) {
        isOccupied = true;
        wasOwner = true;
      }
      return true;
    });
  }

  /**
   * Closes the connection of the VMM, which another object continues.
   *
   * @throws ErrnoException ENOTCONN without a VMM
   */
  VmmImage detach() throws ErrnoException {
    return call(parked -> {
      VmmImage image = parked.image();
      parked.detach();
      synchronized (lock) {
        isOccupied = false;
      }
      return image;
    });
  }

  /** Disconnects the VMM, if there is one. */
  void disconnect() throws ErrnoException {
    call(parked -> {
      synchronized (lock) {
        if (accepted != null) {
          accepted.shutdown();
        }
      }
      parked.disconnect();
      return true;
    });
  }

  /**
   * Executes a task on the thread, between two messages of the VMM. From the device's thread.
   *
   * @throws ErrnoException EBUSY if the VMM is in the middle of a message; others are those of the task
   */
  <T> T call(Task<T> work) throws ErrnoException {
    FutureTask<T> future = new FutureTask<>(() -> {
      DeviceBackend parked = backend;
      if (parked == null) {
        throw new ErrnoException(Errno.ENOTCONN, "the thread of the second VMM has ended");
      }
      return work.execute(parked);
    });
    await(future);
    try {
      return Threads.getUninterruptibly(future);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case ErrnoException refused -> throw refused;
        case LinuxException failed ->
          throw new ErrnoException(failed.errno(), String.valueOf(failed.getMessage()), failed);
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    }
  }

  /** Signals the thread until it has begun the task. */
  private void await(FutureTask<?> future) throws ErrnoException {
    long begun = System.nanoTime();
    boolean wasInterrupted = false;
    synchronized (lock) {
      task = future;
      lock.notifyAll();
      while (task != null) { // There is one caller, the device's thread.
        if (stopping || System.nanoTime() - begun > MAX_WAIT_NANOS) {
          task = null;
          throw new ErrnoException(Errno.EBUSY, "the second VMM is in the middle of a message");
        }
        try {
          sendSignal();
          lock.wait(SIGNAL_INTERVAL_MILLIS);
        } catch (InterruptedException e) {
          wasInterrupted = true;
        }
      }
    }
    if (wasInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void sendSignal() {
    ThreadSignal known = signal;
    if (known != null) {
      try {
        known.send();
      } catch (LinuxException e) {
        log.accept("the thread of the second VMM cannot be signalled: " + e.getMessage());
      }
    }
  }

  @Override
  public boolean isSummoned() {
    return task != null;
  }

  @Override
  public boolean isStopping() {
    return stopping;
  }

  @Override
  public void serve() {
    FutureTask<?> next;
    synchronized (lock) {
      next = task;
      task = null;
      lock.notifyAll();
    }
    if (next != null) {
      next.run();
    }
  }

  private void run() {
    try (DeviceBackend parked =
        new DeviceBackend(device, options, log, clock, new AtomicLong(), this)) {
      parked.attach(() -> true, () -> {
      });
      synchronized (lock) {
        signal = ThreadSignal.ofCurrentThread();
      }
      backend = parked;
      while (!stopping) {
        serveNext(parked);
      }
      backend = null;
      serve(); // A caller must not wait for it.
    } catch (LinuxException e) {
      log.accept("no second VMM is served: " + e.getMessage());
      synchronized (lock) {
        stopping = true; // Clients are rejected, instead of waiting for a thread that has ended.
      }
    } catch (InterruptedException e) {
      // Only close() interrupts.
    }
  }

  private void serveNext(DeviceBackend parked) throws InterruptedException {
    serve();
    UnixSocket client;
    synchronized (lock) {
      client = accepted;
      accepted = null;
      if (client == null && !parked.hasStaged()) {
        while (task == null && accepted == null && !stopping) {
          lock.wait();
        }
        return;
      }
    }
    if (client != null) {
      serve(parked, client);
    } else {
      parked.serveStaged();
    }
    boolean hasEnded;
    synchronized (lock) {
      hasEnded = isOccupied && !parked.hasStaged();
      isOccupied &= !hasEnded;
    }
    if (hasEnded) {
      onEnded.run();
    }
  }

  private void serve(DeviceBackend parked, UnixSocket client) {
    VmmConnection facts = VmmConnection.accepted(client);
    MessageTransport transport;
    try {
      transport = SocketTransport.withTimeout(client, options.stallTimeout(), options.busyPoll(),
          options.socketBuffer());
    } catch (LinuxException e) {
      client.close();
      log.accept("connection failed: " + e.getMessage());
      return;
    }
    parked.serve(transport, facts, client.fd());
  }

  /** Disconnects the VMM and ends the thread. From any thread but this one. */
  @Override
  public void close() {
    synchronized (lock) {
      stopping = true;
      lock.notifyAll();
    }
    DeviceBackend parked = backend;
    if (parked != null) {
      parked.stop();
    }
    if (thread.isAlive()) {
      thread.interrupt();
      Threads.joinUninterruptibly(thread);
    }
    synchronized (lock) {
      if (accepted != null) {
        accepted.close();
        accepted = null;
      }
    }
  }
}
