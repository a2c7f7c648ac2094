// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.device.DeviceFactory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.wire.Threads;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Serves each client a device of its own, over one UNIX socket. A device is made when its client connects, has a
 * thread of its own, and is closed when the client goes away: no state is kept. A client beyond the bound is answered
 * EBUSY.
 */
public final class MultiDeviceServer implements DeviceServer {

  private final DeviceFactory factory;
  private final ServerOptions options;
  /** One for all clients and their devices. */
  private final LogLimiter log;
  private final ConnectionAcceptor acceptor;
  private final BlockingQueue<Optional<UnixSocket>> clients = new LinkedBlockingQueue<>();
  private final AtomicBoolean started = new AtomicBoolean();
  /** Guards itself. */
  private final Set<DeviceThread> deviceThreads = new HashSet<>();
  private volatile boolean stopping;
  private int deviceCount;

  private MultiDeviceServer(UnixServerSocket socket, DeviceFactory factory, int most, ServerOptions options,
      Consumer<String> log) {
    this.factory = factory;
    this.options = options.withKeepState(KeepState.NEVER);
    this.log = new LogLimiter(ServerLog.of(log), System::nanoTime);
    this.acceptor = new ConnectionAcceptor(socket, clients, this.log, most);
  }

  /**
   * Makes a server that listens.
   *
   * @param path the socket's path, made with mode 0600; one that nobody listens on any more is replaced
   * @param factory makes the devices
   * @param most how many clients, and so devices, there may be at a time, at least 1
   * @param options how to serve them; neither to keep a state nor to end with the first client makes sense here
   * @param log takes a line for every client that is given up or refused, from any thread
   * @throws LinuxException EADDRINUSE if somebody listens there, and others
   */
  public static MultiDeviceServer listen(Path path, DeviceFactory factory, int most, ServerOptions options,
      Consumer<String> log) throws LinuxException {
    if (most < 1 || options.keepState() == KeepState.ALWAYS || options.once()) {
      throw new IllegalArgumentException(
          most + " devices, state kept: " + options.keepState() + ", once: " + options.once());
    }
    return new MultiDeviceServer(UnixServerSocket.bind(path), factory, most, options, log);
  }

  /**
   * Serves clients until {@link #stop} is called or the calling thread is interrupted. All devices are closed, and
   * their threads have ended, when it returns.
   *
   * @throws LinuxException if clients cannot be accepted
   * @throws IllegalStateException if the server ran before, or is closed
   */
  @Override
  public void run() throws LinuxException {
    if (started.getAndSet(true)) {
      throw new IllegalStateException("a server runs once");
    }
    try {
      acceptor.start();
      while (!stopping) {
        acceptor.checkFailure();
        clients.take().ifPresent(this::serve);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      stop();
      acceptor.close();
      ConnectionAcceptor.closeAll(clients);
      awaitDeviceThreads();
      log.flush();
    }
  }

  private void serve(UnixSocket client) {
    DeviceThread session = new DeviceThread(client, ++deviceCount);
    synchronized (deviceThreads) {
      deviceThreads.add(session);
    }
    session.thread.start();
  }

  private void awaitDeviceThreads() {
    Set<DeviceThread> left;
    synchronized (deviceThreads) {
      left = Set.copyOf(deviceThreads);
    }
    left.forEach(session -> Threads.joinUninterruptibly(session.thread));
  }

  /** Ends {@link #run}, from any thread; clients that are connected are let go. Does not wait for it. */
  @Override
  public void stop() {
    stopping = true;
    synchronized (deviceThreads) {
      deviceThreads.forEach(DeviceThread::stop);
    }
    clients.add(Optional.empty());
  }

  /** Stops the server and removes its socket. */
  @Override
  public void close() {
    stop();
    acceptor.close();
    if (!started.getAndSet(true)) {
      ConnectionAcceptor.closeAll(clients);
    }
  }

  /** A client, its device and the thread of both. */
  private final class DeviceThread {

    private final UnixSocket client;
    private final int number;
    private final Thread thread;
    private @Nullable VfioUserServer server;

    DeviceThread(UnixSocket client, int number) {
      this.client = client;
      this.number = number;
      thread = Thread.ofPlatform().name("vfio-user-device-" + number).unstarted(this::run);
    }

    private void run() {
      try (EmulatedDevice device = factory.create(number)) {
        serve(device);
      } catch (IOException e) {
        log.accept("client refused: no device can be made for it: " + e.getMessage());
        reject();
      } finally {
        client.close();
        synchronized (deviceThreads) {
          deviceThreads.remove(this);
        }
        acceptor.releasePlace();
      }
    }

    private void serve(EmulatedDevice device) throws LinuxException {
      try (VfioUserServer served = VfioUserServer.of(client, device, options, log)) {
        synchronized (deviceThreads) {
          if (stopping) {
            return;
          }
          server = served;
        }
        served.run();
      }
    }

    private void reject() {
      try {
        ConnectionRejection.send(client, Errno.ENOMEM);
      } catch (LinuxException e) {
        log.accept("client refused; it went away: " + e.getMessage());
      }
    }

    /** Under the lock of the sessions. */
    void stop() {
      if (server != null) {
        server.stop();
      }
    }
  }
}
