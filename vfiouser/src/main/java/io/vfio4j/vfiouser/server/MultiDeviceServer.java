// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.device.DeviceFactory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.listen.ConnectionAcceptor;
import io.vfio4j.vfiouser.listen.ConnectionRejection;
import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.log.ServerLog;
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
 * Serves a device of its own to each client, over one UNIX socket. A device is created when its client
 * connects, has its own thread, and is closed when the client disconnects: no state is kept. Clients beyond
 * the limit are rejected with EBUSY.
 */
public final class MultiDeviceServer implements DeviceServer {

  private final DeviceFactory factory;
  private final ServerOptions options;
  /** Shared by all clients and devices. */
  private final LogLimiter log;
  private final ConnectionAcceptor acceptor;
  private final BlockingQueue<Optional<UnixSocket>> clients = new LinkedBlockingQueue<>();
  private final AtomicBoolean started = new AtomicBoolean();
  /** Guarded by itself, as is each thread's {@code server}. */
  private final Set<DeviceThread> deviceThreads = new HashSet<>();
  private volatile boolean stopping;
  private int deviceCount;

  private MultiDeviceServer(UnixServerSocket socket, DeviceFactory factory, int maxClients,
      ServerOptions options, Consumer<String> log) {
    this.factory = factory;
    this.options = options.withKeepState(KeepState.NEVER);
    this.log = new LogLimiter(ServerLog.of(log), System::nanoTime);
    this.acceptor = new ConnectionAcceptor(socket, clients::add, this.log, maxClients);
  }

  /**
   * Creates a server that listens.
   *
   * @param path the path of the socket, created with mode 0600; a socket without a listener is replaced
   * @param factory creates the devices
   * @param maxClients the limit on clients, and so devices, at a time; at least 1
   * @param options how they are served; {@link KeepState#ALWAYS}, {@code once} and a control
   *     socket are invalid
   * @param log receives a line for each connection that fails or is rejected, on any thread
   * @throws LinuxException EADDRINUSE if a process listens on the path, and others
   */
  public static MultiDeviceServer listen(Path path, DeviceFactory factory, int maxClients,
      ServerOptions options, Consumer<String> log) throws LinuxException {
    if (maxClients < 1 || options.keepState() == KeepState.ALWAYS || options.once()
        || options.control().isPresent()) {
      throw new IllegalArgumentException("%d devices, state kept: %s, once: %s, control socket: %s".formatted(
          maxClients, options.keepState(), options.once(), options.control()));
    }
    return new MultiDeviceServer(UnixServerSocket.bind(path), factory, maxClients, options, log);
  }

  /**
   * Serves clients until {@link #stop} is called or the calling thread is interrupted. When it returns, all
   * devices are closed and their threads have ended.
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
    DeviceThread device = new DeviceThread(client, ++deviceCount);
    synchronized (deviceThreads) {
      deviceThreads.add(device);
    }
    device.thread.start();
  }

  private void awaitDeviceThreads() {
    Set<DeviceThread> remaining;
    synchronized (deviceThreads) {
      remaining = Set.copyOf(deviceThreads);
    }
    remaining.forEach(device -> Threads.joinUninterruptibly(device.thread));
  }

  /** Ends {@link #run} and disconnects all clients. From any thread; does not wait. */
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

  /** A client, its device and their thread. */
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
        log.accept("connection rejected: cannot create a device: " + e.getMessage());
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
        log.accept("connection rejected; the client disconnected: " + e.getMessage());
      }
    }

    /** Stops the server of the device. The caller holds the lock of {@link #deviceThreads}. */
    void stop() {
      if (server != null) {
        server.stop();
      }
    }
  }
}
