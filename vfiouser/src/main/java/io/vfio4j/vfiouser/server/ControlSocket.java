// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.ThreadSignal;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.listen.ConnectionAcceptor;
import io.vfio4j.vfiouser.log.ClientLog;
import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.wire.SocketTransport;
import io.vfio4j.vfiouser.wire.Threads;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The control socket of a device: accepts one client at a time, whose messages the device's thread handles
 * between those of the VMM.
 *
 * <p>
 * While the client is silent, the device's thread does not poll its socket, so the VMM pays nothing: a thread
 * of this class, the monitor, waits for the client and <i>summons</i> the device's thread, by a flag that it
 * reads between messages, and by a signal that interrupts its wait for the next one. While the VMM's messages
 * wait, the device's thread waits on the control socket itself.
 *
 * <table> <caption>Turns</caption>
 * <tr><th>turn</th><th>entered by</th><th>who uses the client's socket</th></tr>
 * <tr><td>MONITOR</td><td>the device's thread, when it has handled all messages</td><td>the monitor</td></tr>
 * <tr><td>SUMMONED</td><td>the monitor, when there is something to handle</td><td>neither</td></tr>
 * <tr><td>DEVICE</td><td>the device's thread, in {@link #serve}</td><td>the device's thread</td></tr>
 * </table>
 */
final class ControlSocket implements Summons, AutoCloseable {

  private enum Turn {
    MONITOR, SUMMONED, DEVICE
  }

  /** How long a control client may take to send or receive one message: the VMM waits meanwhile. */
  private static final Duration STALL_TIMEOUT = Duration.ofSeconds(1);

  /** The longest wait without a look at {@link #stop}. */
  private static final long MAX_WAIT_NANOS = 200_000_000;

  /** How long a signal may take to arrive before it is repeated: it has no effect outside of a system call. */
  private static final long SIGNAL_INTERVAL_MILLIS = 1;

  private final long server = ThreadLocalRandom.current().nextLong();
  private final LogLimiter log;
  private final ServerOptions options;
  private final BlockingQueue<Optional<UnixSocket>> clients = new LinkedBlockingQueue<>();
  private final ConnectionAcceptor acceptor;
  private final Runnable wakeIdleThread;
  private final Thread monitor =
      Thread.ofPlatform().name("vfio-user-control").daemon().unstarted(this::watch);
  /** Guards {@link #turn}'s changes; the device's thread reads it without the lock. */
  private final Object lock = new Object();
  private volatile Turn turn = Turn.MONITOR;
  private volatile boolean stopping;
  /** Set by the monitor before it summons the device's thread; null while there is no client. */
  private volatile @Nullable UnixSocket client;
  private @Nullable ThreadSignal deviceThread;
  private @Nullable DeviceContext context;
  private @Nullable VmmSlot slot;
  private @Nullable ControlConnection connection;
  private int clientCount;
  private int ownUser;

  /**
   * Creates a control socket; clients are accepted after {@link #start}.
   *
   * @param wakeIdleThread wakes the device's thread if it waits for a VMM to connect
   */
  ControlSocket(UnixServerSocket socket, ServerOptions options, LogLimiter log, Runnable wakeIdleThread) {
    this.options = options;
    this.log = log;
    this.wakeIdleThread = wakeIdleThread;
    this.acceptor = new ConnectionAcceptor(socket, clients::add, log, 1);
  }

  /** Starts accepting clients. Called by the device's thread. */
  void start(DeviceContext served, VmmSlot vmm) throws LinuxException {
    context = served;
    slot = vmm;
    deviceThread = ThreadSignal.ofCurrentThread();
    ownUser = ownUser();
    acceptor.start();
    monitor.start();
  }

  @Override
  public boolean isSummoned() {
    return turn == Turn.SUMMONED;
  }

  @Override
  public boolean isStopping() {
    return stopping;
  }

  /** Ends the waits of the device's thread. From any thread. */
  void stop() {
    stopping = true;
    if (turn != Turn.DEVICE) {
      summon();
    }
  }

  private void watch() {
    try {
      while (!stopping) {
        UnixSocket current = client;
        if (current == null) {
          Optional<UnixSocket> next = clients.take();
          acceptor.checkFailure();
          client = next.orElse(null);
        } else {
          awaitMessage(current);
        }
        summon();
        awaitTurn();
      }
    } catch (InterruptedException e) {
      // Only close() interrupts.
    } catch (LinuxException e) {
      log.accept("the control socket has failed: " + e.getMessage());
    }
  }

  /**
   * Waits until the client has sent something, or is disconnected. While it moves the device, the device's thread
   * serves it without a summons, and may disconnect it at any time.
   */
  private void awaitMessage(UnixSocket current) throws LinuxException {
    try (Poller poller = new Poller(current.fd())) {
      poller.await(-1);
    } catch (LinuxException e) {
      if (client == current) {
        throw e;
      }
    }
  }

  private void summon() {
    synchronized (lock) {
      if (turn == Turn.MONITOR) {
        turn = Turn.SUMMONED;
        lock.notifyAll();
      }
    }
    wakeIdleThread.run();
  }

  /** Signals the device's thread until it has begun to serve, and waits until it is done. */
  private void awaitTurn() throws InterruptedException, LinuxException {
    synchronized (lock) {
      while (turn != Turn.MONITOR && !stopping) {
        if (turn == Turn.SUMMONED && deviceThread != null) {
          deviceThread.send();
          lock.wait(SIGNAL_INTERVAL_MILLIS);
        } else {
          lock.wait();
        }
      }
    }
  }

  /**
   * Handles the messages of the client, and waits while the VMM's messages wait. On the device's thread,
   * between messages of the VMM.
   */
  @Override
  public void serve() throws LinuxException {
    synchronized (lock) {
      turn = Turn.DEVICE;
    }
    boolean hasMore = false;
    try {
      do {
        endExpiredHold(); // Before messages that came too late, as after this process was stopped.
        hasMore = serveClient();
        endExpiredHold();
      } while (isWaitingForClient() && (hasMore || await(MAX_WAIT_NANOS)));
    } finally {
      synchronized (lock) {
        turn = hasMore ? Turn.SUMMONED : Turn.MONITOR;
        lock.notifyAll();
      }
    }
  }

  private void endExpiredHold() {
    if (hold().isExpired()) {
      hold().expire();
      resume();
      log.accept(hold().describeExpiry());
    }
  }

  private boolean isWaitingForClient() {
    return !stopping && vmm().isConnected() && !vmm().isEnding() && hold().isWaiting();
  }

  /**
   * Waits for messages of the client, for a client, or for {@link #stop}. Returns true, so that the caller
   * looks at all of them again.
   */
  private boolean await(long timeoutNanos) throws LinuxException {
    ControlConnection current = connection;
    if (current != null) {
      current.awaitMessage(timeoutNanos);
      return true;
    }
    try {
      synchronized (lock) {
        turn = Turn.MONITOR;
        lock.notifyAll();
        long begun = System.nanoTime();
        for (long left = timeoutNanos; turn == Turn.MONITOR && !stopping && left > 0;) {
          lock.wait(1 + left / 1_000_000);
          left = timeoutNanos - (System.nanoTime() - begun);
        }
        turn = Turn.DEVICE;
      }
    } catch (InterruptedException e) {
      stopping = true;
      Thread.currentThread().interrupt();
    }
    return true;
  }

  /**
   * Waits for a message of the client that drives a device without a VMM. On the device's thread.
   *
   * @return false if no client drives the device; then the caller waits in its own way
   */
  boolean awaitDriver(long timeoutNanos) throws LinuxException {
    ControlConnection current = connection;
    if (current == null || !hold().isActive()) {
      return false;
    }
    current.awaitMessage(Math.min(MAX_WAIT_NANOS, timeoutNanos));
    return true;
  }

  /** Handles the messages that have arrived. Returns whether there are more. */
  private boolean serveClient() throws LinuxException {
    UnixSocket socket = client;
    if (socket == null) {
      return false;
    }
    ControlConnection current = connection;
    if (current == null) {
      current = connect(socket);
      connection = current;
      if (current == null) {
        client = null;
        acceptor.releasePlace();
        return false;
      }
    }
    try {
      if (current.serveReceived()) {
        return current.hasReceived();
      }
      disconnect(current, "");
    } catch (LinuxException | ProtocolException e) {
      log.accept("control connection failed: " + e.getMessage());
      disconnect(current, String.valueOf(e.getMessage()));
    }
    return false;
  }

  /** Returns the effective user of this process, as its peers see it. */
  private static int ownUser() throws LinuxException {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket _ = pair.one(); UnixSocket other = pair.other()) {
      return other.peerCredentials().uid();
    }
  }

  /** Returns the connection of a new client; null if it is another user's, or the socket has failed. */
  private @Nullable ControlConnection connect(UnixSocket socket) {
    try {
      UnixSocket.PeerCredentials peer = socket.peerCredentials();
      ClientLog clientLog = new ClientLog(log,
          "control client %d (pid %d, uid %d)".formatted(++clientCount, peer.pid(), peer.uid()));
      if (peer.uid() != 0 && peer.uid() != ownUser) {
        log.accept(clientLog.client() + " rejected: only root and the server's own user may connect");
        socket.close();
        return null;
      }
      return new ControlConnection(context(), vmm(), server, clientLog,
          SocketTransport.withTimeout(socket, STALL_TIMEOUT, Duration.ZERO, options.socketBuffer()),
          STALL_TIMEOUT);
    } catch (LinuxException e) {
      log.accept("control connection failed: " + e.getMessage());
      socket.close();
      return null;
    }
  }

  /**
   * @param failure why the connection failed; empty if the client has closed it
   */
  private void disconnect(ControlConnection ended, String failure) {
    connection = null;
    UnixSocket socket = client;
    client = null;
    if (socket != null) {
      // The monitor may be waiting for a message, which closing the descriptor would not end.
      socket.shutdown();
    }
    // Adopted memory is that of a server whose device runs on: the state without it is of no use.
    boolean keepsStopped =
        ended.keepsStopped() && !vmm().isConnected() && !context().device().hasAdoptedMemory();
    boolean wasNegotiated = ended.isNegotiated();
    ended.close();
    ended.log.ended(wasNegotiated, failure, stopping);
    acceptor.releasePlace();
    hold().forgetExpiry();
    if (hold().isDriven() && !hold().isSurrendered()
        && !(keepsStopped && context().device().state() == DeviceState.STOP)) {
      resume();
    }
  }

  /** Returns the device to RUNNING, without a state that was loaded for a staged connection, which is dropped. */
  private void resume() {
    EmulatedDevice device = context().device();
    DeviceState before = device.state();
    boolean hasNoState = before == DeviceState.RESUMING || before == DeviceState.ERROR || hold().isStaged()
        || device.hasAdoptedMemory();
    vmm().dropStaged();
    try {
      if (!hasNoState) {
        device.moveTo(DeviceState.RUNNING);
      }
    } catch (TransitionException e) {
      log.accept("the device is reset, because it could not return to RUNNING: " + e.getMessage());
    }
    if (device.state() != DeviceState.RUNNING) {
      if (vmm().isConnected()) {
        device.keepStateMemory(); // The VMM may have mapped it.
      }
      device.reset();
    }
    hold().onMoved();
    if (connection != null) {
      connection.closeEndedSessions();
      connection.discardExport();
    }
  }

  private DeviceContext context() {
    return Objects.requireNonNull(context, "not started");
  }

  private Hold hold() {
    return context().hold();
  }

  private VmmSlot vmm() {
    return Objects.requireNonNull(slot, "not started");
  }

  /** Disconnects the client. Called by the device's thread when it ends, or by another if it never started. */
  @Override
  public void close() {
    stopping = true;
    acceptor.close();
    UnixSocket current = client;
    if (current != null) {
      current.shutdown();
    }
    monitor.interrupt();
    synchronized (lock) {
      lock.notifyAll();
    }
    if (monitor.isAlive()) {
      Threads.joinUninterruptibly(monitor);
    }
    ConnectionAcceptor.closeAll(clients);
    if (connection != null) {
      connection.close();
      connection = null;
    } else if (client != null) {
      client.close();
    }
  }
}
