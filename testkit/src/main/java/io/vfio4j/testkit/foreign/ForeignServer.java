// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.MigratableDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A vfio-user server with traits of other implementations. It serves any device's migration, to one client at a
 * time, together with a board that can be driven: registers in BAR0 ({@link BoardRegisters}), DMA, MSI-X. It
 * records what its clients do against the protocol or beyond the negotiated limits.
 *
 * <p>
 * The device is confined to the server's thread until {@link #close}.
 */
public final class ForeignServer implements AutoCloseable {

  private final Set<ServerTrait> traits;
  private final Board board;
  private final MigrationCommands migration;
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final @Nullable UnixServerSocket listening;
  private final Thread thread;
  private volatile @Nullable WireSocket current;
  private volatile boolean closed;

  private ForeignServer(MigratableDevice device, Set<ServerTrait> traits,
      @Nullable UnixServerSocket listening, @Nullable UnixSocket client) {
    if (traits.containsAll(Set.of(ServerTrait.MINIMAL_LIMITS, ServerTrait.NO_JSON))) {
      throw new IllegalArgumentException("limits cannot be announced without JSON");
    }
    this.traits = traits.isEmpty() ? EnumSet.noneOf(ServerTrait.class) : EnumSet.copyOf(traits);
    this.listening = listening;
    board = new Board(device.identity());
    migration = new MigrationCommands(device, this.traits, board.dmaLog());
    thread = Thread.ofPlatform().name("foreign-server").daemon().unstarted(() -> run(client));
  }

  /**
   * Serves one client that is already connected.
   *
   * @param client the server's end of the connection; the server closes it
   * @param device the device; the caller may use it again after {@link #close}
   * @param traits the server's traits
   * @throws IllegalArgumentException if the traits are mutually exclusive
   */
  public static ForeignServer start(UnixSocket client, MigratableDevice device, Set<ServerTrait> traits) {
    ForeignServer server = new ForeignServer(device, traits, null, client);
    server.thread.start();
    return server;
  }

  /**
   * Listens, and serves clients one after another.
   *
   * @param path the path of the socket
   * @param device the device; the caller may use it again after {@link #close}
   * @param traits the server's traits
   * @throws LinuxException if it cannot listen; EADDRINUSE if the path is in use
   * @throws IllegalArgumentException if the traits are mutually exclusive
   */
  public static ForeignServer listen(Path path, MigratableDevice device, Set<ServerTrait> traits)
      throws LinuxException {
    UnixServerSocket socket = UnixServerSocket.bind(path);
    ForeignServer server;
    try {
      server = new ForeignServer(device, traits, socket, null);
    } catch (IllegalArgumentException e) {
      socket.close();
      throw e;
    }
    server.thread.start();
    return server;
  }

  /** Returns the violations by clients so far. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  private void run(@Nullable UnixSocket connected) {
    try {
      if (connected != null) {
        serve(connected);
      }
      while (listening != null && !closed) {
        serve(listening.accept());
        if (traits.contains(ServerTrait.ONE_CLIENT)) {
          listening.close();
          return;
        }
      }
    } catch (LinuxException e) {
      recordViolation(e);
    }
  }

  private void serve(UnixSocket client) {
    try (WireSocket wire =
        new WireSocket(client, traits.contains(ServerTrait.SLOW) ? SendPace.SLOW : SendPace.FAST)) {
      current = wire;
      if (closed) {
        return;
      }
      new ForeignServerConnection(wire, traits, board, migration, violations::add).serve();
    } catch (IOException e) {
      recordViolation(e);
    } finally {
      current = null;
      board.clientDisconnected();
      if (!traits.contains(ServerTrait.KEEPS_STATE)) {
        resetDevice();
      }
    }
  }

  private void resetDevice() {
    try {
      board.reset();
      migration.clientDisconnected();
    } catch (IOException e) {
      recordViolation(e);
    }
  }

  /** A disconnect is not a violation, nor is a failure caused by {@link #close}. */
  private void recordViolation(IOException e) {
    if (!closed && !(e instanceof LinuxException)) {
      violations.add(String.valueOf(e.getMessage()));
    }
  }

  /** Waits until the server accepts no more clients: forever, unless it has {@link ServerTrait#ONE_CLIENT}. */
  public void awaitEnd() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Disconnects the client and waits for the server's thread to end. */
  @Override
  public void close() {
    closed = true;
    WireSocket client = current;
    if (client != null) {
      client.shutdown();
    }
    if (listening != null) {
      listening.shutdown();
    }
    awaitEnd();
    if (listening != null) {
      listening.close();
    }
    migration.close();
  }
}
