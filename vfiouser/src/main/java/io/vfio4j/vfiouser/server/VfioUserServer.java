// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.vfiouser.device.EmulatedDevice;
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
 * Serves an emulated device to one client after the other, over a UNIX socket.
 *
 * <p>
 * The thread that calls {@link #run} is the device's. A second client, while one is connected, is answered EBUSY.
 * When a client goes away its memory is unmapped and its interrupts are dropped, and the device is reset unless its
 * state is to be kept.
 */
public final class VfioUserServer implements DeviceServer {

  /** How long a device with nothing planned sleeps while there is no client. */
  private static final Duration IDLE_WAIT = Duration.ofSeconds(1);

  private final EmulatedDevice device;
  private final ServerOptions options;
  private final LogLimiter log;
  private final boolean ownsLog;
  private final LongSupplier clock;
  private final @Nullable ConnectionAcceptor acceptor;
  /** Clients let in; empty for "look again", as after {@link #stop}. */
  private final BlockingQueue<Optional<UnixSocket>> clients = new LinkedBlockingQueue<>();
  private final AtomicLong peerTraffic = new AtomicLong();
  private final AtomicBoolean started = new AtomicBoolean();
  private volatile boolean stopping;
  private volatile @Nullable DeviceBackend current;

  private VfioUserServer(EmulatedDevice device, ServerOptions options, Consumer<String> log,
      LongSupplier clock,
      @Nullable UnixServerSocket socket) {
    this.device = device;
    this.options = options;
    this.log = LogLimiter.of(log, clock);
    this.ownsLog = this.log != log; // Otherwise others have their part in it.
    this.clock = clock;
    this.acceptor = socket == null ? null : new ConnectionAcceptor(socket, clients, this.log, 1);
  }

  /**
   * Makes a server that listens.
   *
   * @param path the socket's path, made with mode 0600; one that nobody listens on any more is replaced
   * @param device the device, which stays the caller's
   * @param options how to serve it
   * @param log takes a line for every client that is given up; a {@link ServerLog} also those of other levels
   * @throws LinuxException EADDRINUSE if somebody listens there, and others
   */
  public static VfioUserServer listen(Path path, EmulatedDevice device, ServerOptions options,
      Consumer<String> log) throws LinuxException {
    return new VfioUserServer(device, options, log, System::nanoTime, UnixServerSocket.bind(path));
  }

  /**
   * Makes a server for a single client that is connected already.
   *
   * @param client the server's end, which it closes
   * @param device the device, which stays the caller's
   * @param options how to serve it
   * @param log takes a line if the client is given up; a {@link ServerLog} also those of other levels
   */
  public static VfioUserServer of(UnixSocket client, EmulatedDevice device, ServerOptions options,
      Consumer<String> log) {
    VfioUserServer server = new VfioUserServer(device, options.withOnce(true), log, System::nanoTime, null);
    server.clients.add(Optional.of(client));
    return server;
  }

  /**
   * Serves clients until {@link #stop} is called, or the first one is gone if that is asked for. The calling thread
   * is the device's as long. Interrupting it stops the server once no client is connected.
   *
   * @throws LinuxException if clients cannot be accepted
   * @throws IllegalStateException if the server ran before, or is closed
   */
  @Override
  public void run() throws LinuxException {
    if (started.getAndSet(true)) {
      throw new IllegalStateException("a server runs once");
    }
    try (DeviceBackend service = new DeviceBackend(device, options, log, clock, peerTraffic)) {
      current = service;
      service.attach();
      if (acceptor != null) {
        acceptor.start();
      }
      while (!stopping) {
        UnixSocket client = awaitClient(service);
        if (client != null) {
          boolean hadClient = serve(client, service);
          if (options.once() && (hadClient || acceptor == null)) {
            return;
          }
          if (acceptor != null) {
            acceptor.releasePlace();
          }
        }
      }
    } finally {
      stopping = true;
      if (acceptor != null) {
        acceptor.close();
      }
      ConnectionAcceptor.closeAll(clients);
      if (ownsLog) {
        log.flush();
      }
    }
  }

  /** Lets the device do what is due until a client comes. Returns null if the server is to stop. */
  private @Nullable UnixSocket awaitClient(DeviceBackend service) throws LinuxException {
    try {
      while (!stopping) {
        if (acceptor != null) {
          acceptor.checkFailure();
        }
        long now = clock.getAsLong();
        long next = service.runDue(now);
        long wait = next == Long.MAX_VALUE ? IDLE_WAIT.toNanos() : Math.max(0, next - now);
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

  /** Returns whether it was a client: others connect only to see whether somebody listens. */
  private boolean serve(UnixSocket client, DeviceBackend service) {
    String peer = peer(client);
    MessageTransport transport;
    try {
      transport = transport(client);
    } catch (LinuxException e) {
      log.accept("client given up: " + e.getMessage());
      return false;
    }
    return service.serve(transport, peer);
  }

  /** Returns who a client is, for the log. */
  private static String peer(UnixSocket client) {
    try {
      UnixSocket.PeerCredentials credentials = client.peerCredentials();
      return "pid %d, uid %d".formatted(credentials.pid(), credentials.uid());
    } catch (LinuxException e) {
      return "unknown: " + e.errno();
    }
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

  /** Returns, to any thread, how many bytes the device has copied from and to exported peers so far. */
  public long peerTraffic() {
    return peerTraffic.get();
  }

  /** Ends {@link #run}, from any thread; a client that is connected is let go. Does not wait for it. */
  @Override
  public void stop() {
    stopping = true;
    DeviceBackend service = current;
    if (service != null) {
      service.stop();
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
    if (!started.getAndSet(true)) {
      ConnectionAcceptor.closeAll(clients);
    }
  }
}
