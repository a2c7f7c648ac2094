// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.dma.DmaBackingFactory;
import io.vfio4j.vfiouser.dma.DmaTable;
import io.vfio4j.vfiouser.recording.Recording;
import io.vfio4j.vfiouser.wire.MessageTransport;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A device with its memory and interrupts, as one client after the other has them, whatever carries their messages.
 * For the device's thread, except where it is said.
 */
final class DeviceBackend implements AutoCloseable {

  private final @Nullable V1Device v1Device;
  private final EmulatedDevice device;
  private final DeviceContext context;
  private final LogLimiter log;
  private int clients;
  private volatile boolean stopping;
  private volatile @Nullable ServerConnection current;

  /**
   * Makes a service.
   *
   * @param log one for all clients: to connect again is no way to write more
   * @param peerTraffic counts the bytes that the device copies from and to exported peers
   */
  DeviceBackend(EmulatedDevice device, ServerOptions options, LogLimiter log, LongSupplier clock,
      AtomicLong peerTraffic) {
    this.v1Device = options.versions().hasV1() && device.features().canMigrate()
        ? new V1Device(device, options.versions().hasV2())
        : null;
    this.device = v1Device != null ? v1Device : device;
    this.log = log;
    this.context = new DeviceContext(this.device,
        new DmaTable(peerTraffic, new DmaBackingFactory(options.mappableFiles()::contains), log),
        new IrqTable(this.device.description().irqCounts(), log), options, clock);
  }

  /** Gives the device its ways to memory and interrupts: once, before anything else. */
  void attach() {
    device.attach(context.dma(), context.irqs());
  }

  /**
   * Serves a client until it goes away, and leaves the device as the next one is to find it.
   *
   * @param transport to the client, closed at the end
   * @param peer who the client is, for the log
   * @return whether it was a client: others connect only to see whether somebody listens
   */
  boolean serve(MessageTransport transport, String peer) {
    Optional<Recording.Connection> session =
        context.options().recording().map(recording -> recording.recordConnect(device.description().name()));
    MessageTransport carried = session.<MessageTransport>map(
        taken -> new RecordingTransport(transport, taken, RecordingTransport.MAIN_SOCKET)).orElse(transport);
    boolean keep = true;
    boolean keepStopped = false;
    boolean hadClient = false;
    String reason = "";
    ClientLog clientLog =
        new ClientLog(log, "client %d (%s)".formatted(++clients, peer));
    try (ServerConnection connection =
        new ServerConnection(context, clientLog, carried)) {
      current = connection;
      try {
        if (!stopping) {
          connection.serve();
        }
      } finally {
        hadClient = connection.isNegotiated();
        keep = connection.keepsState();
        keepStopped = connection.keepsStopped();
        current = null;
      }
    } catch (ProtocolException | LinuxException e) {
      reason = String.valueOf(e.getMessage());
      if (!stopping) {
        log.accept("client given up: " + reason);
      }
    }
    clientLog.close();
    if (hadClient) {
      clientLog.disconnected(
          !reason.isEmpty() && !stopping ? "given up"
              : stopping ? "the server stops" : "it closed the connection");
    } else if (reason.isEmpty()) {
      clientLog.disconnectedBeforeVersion();
    }
    boolean isStopped = keepStopped && settleState();
    boolean kept = keep && (v1Device != null ? v1Device.release() : device.state() == DeviceState.RUNNING);
    if (!kept && !isStopped) {
      device.reset();
    }
    String why = reason;
    session.ifPresent(taken -> taken.recordDisconnect(why));
    return hadClient;
  }

  /**
   * Ends what a client was about with the state of a device, which keeps it: one that ran goes on, without the client's
   * memory and interrupts, and one that did not stands in STOP.
   *
   * @return whether it stands still with its state
   */
  private boolean settleState() {
    DeviceState before = device.state();
    boolean hasNone = before == DeviceState.RESUMING || before == DeviceState.ERROR;
    boolean byVersion1 = v1Device != null && v1Device.isDrivenByV1(); // Whose field would say another state.
    if (before == DeviceState.RUNNING || hasNone || byVersion1) {
      return false;
    }
    try {
      device.moveTo(before.isRunning() ? DeviceState.RUNNING : DeviceState.STOP);
      if (before != DeviceState.STOP) {
        log.accept("the client left the device in %s: it is in %s now".formatted(before, device.state()));
      }
    } catch (TransitionException e) {
      log.accept(
          "the client left the device in %s, and it is not moved: %s".formatted(before, e.getMessage()));
    }
    return device.state() == DeviceState.STOP || device.state() == DeviceState.STOP_COPY;
  }

  /** Ends the session that goes on, and all that begin later, at once. From any thread; does not wait for it. */
  void stop() {
    stopping = true;
    ServerConnection connection = current;
    if (connection != null) {
      connection.shutdown();
    }
  }

  /** Lets the device do what is due, as {@link EmulatedDevice#runDue}. */
  long runDue(long now) {
    return device.runDue(now);
  }

  /** Frees what serving took. The device stays its owner's. */
  @Override
  public void close() {
    if (v1Device != null) {
      v1Device.close();
    }
    context.dma().close();
  }
}
