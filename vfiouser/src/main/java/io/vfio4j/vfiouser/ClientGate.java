// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Accepts clients on a thread of its own: lets one in at a time, and tells the others that the device is in use. */
final class ClientGate implements AutoCloseable {

  /** How long a client waits for the one before it to be gone for good, before it is refused. */
  private static final Duration PATIENCE = Duration.ofMillis(500);
  private static final Duration REFUSAL_TIMEOUT = Duration.ofSeconds(1);

  private final UnixServerSocket socket;
  private final BlockingQueue<Optional<UnixSocket>> admitted;
  private final Consumer<String> log;
  private final Semaphore place = new Semaphore(1);
  private final Thread thread =
      Thread.ofPlatform().name("vfio-user-accept").daemon().unstarted(this::acceptAll);
  private volatile boolean closed;
  /** The last client that was refused, maybe just now. */
  private volatile @Nullable UnixSocket refused;
  private volatile @Nullable LinuxException failure;

  ClientGate(UnixServerSocket socket, BlockingQueue<Optional<UnixSocket>> admitted, Consumer<String> log) {
    this.socket = socket;
    this.admitted = admitted;
    this.log = log;
  }

  void open() {
    thread.start();
  }

  /** Says that the client let in before is gone. */
  void next() {
    place.release();
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
      admits = place.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
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
    try (client; Arena arena = Arena.ofConfined(); ReceivedFds fds = new ReceivedFds()) {
      client.receiveTimeout(REFUSAL_TIMEOUT);
      client.sendTimeout(REFUSAL_TIMEOUT);
      MemorySegment message = arena.allocate(VersionMessage.MAX_SIZE, 8);
      if (client.receive(message, fds) >= Header.SIZE) {
        Header.write(message, Header.id(message, 0), Header.command(message, 0), Header.SIZE,
            Header.TYPE_REPLY | Header.ERROR, Errno.EBUSY.number());
        client.send(message.asSlice(0, Header.SIZE), MemorySegment.NULL, List.of());
      }
      log.accept("client refused: another one is connected");
    } catch (LinuxException e) {
      log.accept("client refused: another one is connected; it went away: " + e.getMessage());
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
