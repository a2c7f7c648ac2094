// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.listen.ConnectionAcceptor;
import io.vfio4j.vfiouser.listen.ConnectionRejection;
import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.log.ServerLog;
import io.vfio4j.vfiouser.wire.MessageTransport;
import io.vfio4j.vfiouser.wire.SocketTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Serves an emulated device to one client after another, over a UNIX socket.
 *
 * <p>
 * The thread that calls {@link #run} is the device's. While a client is connected, further ones are rejected
 * with EBUSY. When a client disconnects, its memory is unmapped and its interrupts are disabled, and the
 * device is reset unless its state is kept ({@link KeepState}).
 */
public final class VfioUserServer implements DeviceServer {

  /** How long the thread of a device without scheduled work sleeps while there is no client. */
  private static final Duration IDLE_WAIT = Duration.ofSeconds(1);

  private final EmulatedDevice device;
  private final ServerOptions options;
  private final LogLimiter log;
  private final boolean ownsLog;
  private final LongSupplier clock;
  private final @Nullable ConnectionAcceptor acceptor;
  private final @Nullable ControlSocket control;
  /** Admitted clients; an empty element wakes the thread, as after {@link #stop}. */
  private final BlockingQueue<Optional<UnixSocket>> clients = new LinkedBlockingQueue<>();
  private final AtomicLong peerTraffic = new AtomicLong();
  private final AtomicBoolean started = new AtomicBoolean();
  private volatile boolean stopping;
  private volatile @Nullable DeviceBackend current;
  /** Set before clients are accepted, if a second VMM is admitted. */
  private volatile @Nullable VmmReplacement replacement;

  private VfioUserServer(EmulatedDevice device, ServerOptions options, Consumer<String> log,
      LongSupplier clock, @Nullable UnixServerSocket socket, @Nullable UnixServerSocket controlSocket) {
    this.device = device;
    this.options = options;
    this.log = LogLimiter.of(log, clock);
    this.ownsLog = this.log != log; // Otherwise others use it too.
    this.clock = clock;
    this.acceptor = socket == null ? null
        : new ConnectionAcceptor(socket, this::admit, this.log, options.handoverGrace().isPresent() ? 2 : 1);
    this.control = controlSocket == null ? null
        : new ControlSocket(controlSocket, options, this.log, () -> clients.add(Optional.empty()));
  }

  /**
   * Creates a server that listens.
   *
   * @param path the path of the socket, created with mode 0600; a socket without a listener is replaced
   * @param device the device, which stays the caller's
   * @param options how it is served
   * @param log receives a line for each connection that fails or is rejected; a {@link ServerLog} receives
   *     all levels
   * @throws LinuxException EADDRINUSE if a process listens on the path, and others
   */
  public static VfioUserServer listen(Path path, EmulatedDevice device, ServerOptions options,
      Consumer<String> log) throws LinuxException {
    UnixServerSocket socket = UnixServerSocket.bind(path);
    try {
      UnixServerSocket control =
          options.control().isPresent() ? UnixServerSocket.bind(options.control().get()) : null;
      return new VfioUserServer(device, options, log, System::nanoTime, socket, control);
    } catch (LinuxException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Creates a server for a single client that is already connected.
   *
   * @param client the server's end, which it closes
   * @param device the device, which stays the caller's
   * @param options how it is served
   * @param log receives a line if the connection fails; a {@link ServerLog} receives all levels
   */
  public static VfioUserServer of(UnixSocket client, EmulatedDevice device, ServerOptions options,
      Consumer<String> log) {
    VfioUserServer server = new VfioUserServer(device, options.withOnce(true), log, System::nanoTime,
        null, null);
    server.clients.add(Optional.of(client));
    return server;
  }

  /**
   * Serves clients until {@link #stop} is called, or with {@code once} until the first one disconnects. The
   * calling thread is the device's. Interrupting it stops the server once no client is connected.
   *
   * @throws LinuxException if clients cannot be accepted
   * @throws IllegalStateException if the server ran before, or is closed
   */
  @Override
  public void run() throws LinuxException {
    if (started.getAndSet(true)) {
      throw new IllegalStateException("a server runs once");
    }
    try (DeviceBackend backend =
        new DeviceBackend(device, options, log, clock, peerTraffic, control)) {
      current = backend;
      backend.attach(this::takePlaceForStaged, this::releasePlaceOfStaged);
      options.handoverGrace().ifPresent(grace -> admitSecondVmm(backend, grace));
      if (control != null) {
        control.start(backend.context(), backend);
      }
      if (acceptor != null) {
        acceptor.start();
      }
      while (!stopping) {
        UnixSocket client = awaitClient(backend);
        if (client != null || backend.hasStaged()) {
          boolean hadClient = client != null ? serve(client, backend) : backend.serveStaged();
          while (backend.hasStaged()) { // The VMM has changed places with the parked one.
            hadClient = backend.serveStaged();
          }
          if (options.once() && (hadClient || acceptor == null)) {
            return;
          }
          if (replacement != null) {
            replacement.onOwnerGone();
          }
          releasePlace();
        }
      }
    } finally {
      stopping = true;
      closeSockets();
      ConnectionAcceptor.closeAll(clients);
      if (ownsLog) {
        log.flush();
      }
    }
  }

  private boolean takePlaceForStaged() {
    if (acceptor == null || !acceptor.tryTakePlace()) {
      return false;
    }
    VmmReplacement admitting = replacement;
    boolean isFree = admitting == null || admitting.admitStaged();
    if (!isFree) {
      releasePlace();
    }
    return isFree;
  }

  private void releasePlaceOfStaged() {
    VmmReplacement admitting = replacement;
    if (admitting != null) {
      admitting.onStagedDropped();
    }
    releasePlace();
  }

  private void releasePlace() {
    if (acceptor != null) {
      acceptor.releasePlace();
    }
  }

  private void admitSecondVmm(DeviceBackend backend, Duration grace) {
    try {
      VmmReplacement admitted = new VmmReplacement(backend, log, clock, grace, this::releasePlace);
      replacement = admitted;
      backend.setReplacement(admitted);
    } catch (ErrnoException e) {
      throw new IllegalStateException("a device whose config space cannot be read: " + e.reason(), e);
    }
  }

  /** Decides what becomes of a client that has a place. On a thread of the acceptor. */
  private void admit(Optional<UnixSocket> client) {
    VmmReplacement admitting = replacement;
    if (client.isEmpty() || admitting == null) {
      clients.add(client);
      return;
    }
    switch (admitting.admit(client.get())) {
      case OWNER -> clients.add(client);
      case PARKED -> clients.add(Optional.empty()); // An orphaned device may have an owner now.
      case REJECTED -> reject(client.get());
    }
  }

  private void reject(UnixSocket client) {
    try {
      ConnectionRejection.send(client, Errno.EBUSY);
      log.accept("connection rejected: two VMMs are connected");
    } catch (LinuxException e) {
      log.accept("connection rejected: two VMMs are connected; the client disconnected: " + e.getMessage());
    }
    releasePlace();
  }

  private void closeSockets() {
    if (acceptor != null) {
      acceptor.close();
    }
    if (replacement != null) {
      replacement.close();
    }
    if (control != null) {
      control.close();
    }
  }

  /**
   * Runs the device's due work, and serves the control client, until a client connects. Returns null if the
   * server stops, or another server has passed on a connection.
   */
  private @Nullable UnixSocket awaitClient(DeviceBackend backend) throws LinuxException {
    try {
      while (!stopping) {
        if (acceptor != null) {
          acceptor.checkFailure();
        }
        if (control != null) {
          control.serve();
        }
        long now = clock.getAsLong();
        long next = runDue(backend, now);
        if (backend.hasStaged()) {
          return null;
        }
        long wait = next == Long.MAX_VALUE ? IDLE_WAIT.toNanos() : Math.max(0, next - now);
        if (control != null && (control.isSummoned() || control.awaitDriver(wait))) {
          // More messages of the control client have arrived, of which nothing wakes this thread.
          wait = 0;
        }
        Optional<UnixSocket> client = clients.poll(wait, TimeUnit.NANOSECONDS);
        if (client != null && client.isPresent()) {
          return client.get();
        }
      }
    } catch (InterruptedException e) {
      stopping = true;
      Thread.currentThread().interrupt();
    }
    return null;
  }

  /** Runs what is due, and returns when to do so again at the latest. */
  private long runDue(DeviceBackend backend, long now) {
    long next = backend.runDue(now);
    return replacement == null ? next : Math.min(next, replacement.runDue(now));
  }

  /**
   * Returns whether its VERSION succeeded; some peers connect only to check whether the server is listening.
   */
  private boolean serve(UnixSocket client, DeviceBackend backend) {
    VmmConnection accepted = VmmConnection.accepted(client);
    MessageTransport transport;
    try {
      transport = transport(client);
    } catch (LinuxException e) {
      log.accept("connection failed: " + e.getMessage());
      return false;
    }
    return backend.serve(transport, accepted, client.fd());
  }

  private MessageTransport transport(UnixSocket client) throws LinuxException {
    try {
      return SocketTransport.withTimeout(client, options.stallTimeout(), options.busyPoll(),
          options.socketBuffer());
    } catch (LinuxException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** Returns the number of bytes that the device has copied from and to exported peers. From any thread. */
  public long peerTraffic() {
    return peerTraffic.get();
  }

  /** Ends {@link #run} and disconnects the client. From any thread; does not wait. */
  @Override
  public void stop() {
    stopping = true;
    DeviceBackend backend = current;
    if (backend != null) {
      backend.stop();
    }
    if (control != null) {
      control.stop();
    }
    clients.add(Optional.empty());
  }

  /** Stops the server and removes its socket. */
  @Override
  public void close() {
    stop();
    if (acceptor != null) {
      acceptor.close();
    }
    if (control != null && !started.get()) {
      control.close();
    }
    if (!started.getAndSet(true)) {
      ConnectionAcceptor.closeAll(clients);
    }
  }
}
