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
 * A device with its memory and interrupts, as used by successive clients, independent of the transport. Used
 * on the device's thread, except {@link #stop}.
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
   * Creates a backend.
   *
   * @param log shared by all clients, so that reconnecting does not reset its limits
   * @param peerTraffic counts bytes copied from and to exported peers
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

  /** Attaches the device to memory and interrupts; called once, first. */
  void attach() {
    device.attach(context.dma(), context.irqs());
  }

  /**
   * Serves a client until it disconnects, and then prepares the device for the next one.
   *
   * @param transport the transport to the client; closed at the end
   * @param peer the client's credentials, for the log
   * @return whether its VERSION succeeded; some peers connect only to check whether the server is listening
   */
  boolean serve(MessageTransport transport, String peer) {
    Optional<Recording.Connection> connectionRecording =
        context.options().recording().map(recording -> recording.recordConnect(device.description().name()));
    MessageTransport recorded = connectionRecording.<MessageTransport>map(
        recording -> new RecordingTransport(transport, recording, RecordingTransport.MAIN_SOCKET))
        .orElse(transport);
    boolean keep = true;
    boolean keepStopped = false;
    boolean hadClient = false;
    String reason = "";
    ClientLog clientLog =
        new ClientLog(log, "client %d (%s)".formatted(++clients, peer));
    try (ServerConnection connection =
        new ServerConnection(context, clientLog, recorded)) {
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
        log.accept("connection failed: " + reason);
      }
    }
    clientLog.close();
    if (hadClient) {
      clientLog.disconnected(
          !reason.isEmpty() && !stopping ? "the connection failed"
              : stopping ? "the server is stopping" : "it closed the connection");
    } else if (reason.isEmpty()) {
      clientLog.disconnectedBeforeVersion();
    }
    boolean isStopped = keepStopped && settleState();
    boolean kept = keep && (v1Device != null ? v1Device.release() : device.state() == DeviceState.RUNNING);
    if (!kept && !isStopped) {
      device.reset();
    }
    String failure = reason;
    connectionRecording.ifPresent(recording -> recording.recordDisconnect(failure));
    return hadClient;
  }

  /**
   * Moves a device whose client has disconnected to the nearest settled state, with its state intact: a
   * running one to RUNNING, without the client's memory and interrupts, any other to STOP.
   *
   * @return whether it is stopped with its state
   */
  private boolean settleState() {
    DeviceState before = device.state();
    boolean hasNoState = before == DeviceState.RESUMING || before == DeviceState.ERROR;
    // Otherwise the state field would differ from the device's state.
    boolean drivenByV1 = v1Device != null && v1Device.isDrivenByV1();
    if (before == DeviceState.RUNNING || hasNoState || drivenByV1) {
      return false;
    }
    try {
      device.moveTo(before.isRunning() ? DeviceState.RUNNING : DeviceState.STOP);
      if (before != DeviceState.STOP) {
        log.accept("the client disconnected with the device in %s; it is now in %s".formatted(before,
            device.state()));
      }
    } catch (TransitionException e) {
      log.accept(
          "the client disconnected with the device in %s, which could not be moved: %s".formatted(before,
              e.getMessage()));
    }
    return device.state() == DeviceState.STOP || device.state() == DeviceState.STOP_COPY;
  }

  /** Ends the current connection, and later ones at once. From any thread; does not wait. */
  void stop() {
    stopping = true;
    ServerConnection connection = current;
    if (connection != null) {
      connection.shutdown();
    }
  }

  /** Runs the device's due work, as {@link EmulatedDevice#runDue}. */
  long runDue(long now) {
    return device.runDue(now);
  }

  /** Frees the memory of the backend. The device stays the caller's. */
  @Override
  public void close() {
    if (v1Device != null) {
      v1Device.close();
    }
    context.dma().close();
  }
}
