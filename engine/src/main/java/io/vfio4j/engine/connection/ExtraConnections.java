// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.connection;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationTimeouts;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.stream.Hello;
import io.vfio4j.engine.transport.Connections;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The extra connections of a side, by their numbers, which are the same on both sides. */
public final class ExtraConnections implements AutoCloseable {

  private static final Duration SLICE = Duration.ofMillis(50);

  private final List<StreamConnection> connections;

  private ExtraConnections(List<StreamConnection> connections) {
    this.connections = connections;
  }

  public static ExtraConnections none() {
    return new ExtraConnections(List.of());
  }

  /** Opens them from the source, which sends JOIN on each. */
  public static ExtraConnections connect(Hello.Channels channels, Connections.TransportSupplier extra,
      StreamConnection control, MigrationTimeouts times, PhaseTracker tracker) throws IOException {
    ExtraConnections made = new ExtraConnections(new ArrayList<>());
    try {
      for (int number = 0; number < channels.count(); number++) {
        StreamConnection connection =
            new StreamConnection(extra.next(times.silence()), times.silence(), tracker);
        made.connections.add(connection);
        connection.adapt(control.in().version(), times);
        connection.out().sendJoin(channels.migration(), number);
      }
      return made;
    } catch (IOException | RuntimeException | Error e) {
      made.close();
      throw e;
    }
  }

  /**
   * Accepts them at the target. A connection that does not belong to this migration is closed.
   *
   * @throws StalledException if not all arrive in time
   */
  public static ExtraConnections accept(Hello.Channels channels, Connections.TransportSupplier extra,
      StreamConnection control, PhaseTracker tracker) throws IOException {
    Duration stall = control.timeout();
    @Nullable
    StreamConnection[] connections = new @Nullable StreamConnection[channels.count()];
    long end = System.nanoTime() + stall.toNanos();
    try {
      for (int missing = connections.length; missing > 0;) {
        StreamConnection connection = new StreamConnection(next(extra, control, end), stall, tracker);
        int number = joinNumber(connection, channels.migration(), connections);
        if (number < 0) {
          connection.close();
        } else {
          connections[number] = connection;
          missing--;
        }
      }
      return new ExtraConnections(
          Arrays.stream(connections).map(ExtraConnections::requireConnected).toList());
    } catch (IOException | RuntimeException | Error e) {
      Arrays.stream(connections).forEach(connection -> {
        if (connection != null) {
          connection.close();
        }
      });
      throw e;
    }
  }

  /** Accepts the next one, and checks meanwhile whether the source aborts. */
  private static Transport next(Connections.TransportSupplier extra, StreamConnection control, long end)
      throws IOException {
    while (true) {
      control.checkForFailure("before it has opened its connections");
      long left = Math.max(0, end - System.nanoTime());
      try {
        return extra.next(Duration.ofNanos(Math.min(left, SLICE.toNanos())));
      } catch (StalledException e) {
        if (left <= SLICE.toNanos()) {
          throw e;
        }
      }
    }
  }

  private static StreamConnection requireConnected(@Nullable StreamConnection connection) {
    if (connection == null) {
      throw new IllegalStateException("a connection is missing");
    }
    return connection;
  }

  /** Returns the number in its JOIN, or -1 if it is not one that is missing. */
  private static int joinNumber(StreamConnection connection, MigrationId migration,
      @Nullable StreamConnection[] connections) {
    try {
      connection.expect(FrameKind.JOIN, connection.timeout());
    } catch (IOException e) {
      return -1; // Not one of ours: any authorised peer may connect.
    }
    var body = connection.in().body();
    boolean ours = MigrationId.take(body).equals(migration);
    int number = body.getInt();
    return ours && number >= 0 && number < connections.length && connections[number] == null ? number : -1;
  }

  public List<StreamConnection> all() {
    return connections;
  }

  /** Returns those for devices, in the order of the devices; none if devices use the first connection. */
  public List<StreamConnection> forDevices(int devices) {
    return connections.subList(0, devices);
  }

  /** Returns those for memory; none if memory uses the first connection. */
  public List<StreamConnection> forMemory(int devices) {
    return connections.subList(devices, connections.size());
  }

  @Override
  public void close() {
    connections.forEach(StreamConnection::close);
  }
}
