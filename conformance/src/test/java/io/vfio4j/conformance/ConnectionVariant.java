// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ProbeMemoryKind;
import io.vfio4j.vfiouser.server.MigrationVersions;
import io.vfio4j.vfiouser.server.ServerOptions;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The kind of connection to a device. No verdict may depend on it.
 *
 * @param name its name in those of tests
 */
record ConnectionVariant(String name, ServerOptions server, ClientOptions client, ProbeMemoryKind memory) {

  static final ConnectionVariant DEFAULT =
      new ConnectionVariant("usual", ServerOptions.DEFAULT, ClientOptions.DEFAULT, ProbeMemoryKind.MAPPED);

  /** The smallest limits with which both ends work. A bitmap must hold what the checks request: one page. */
  private static final Limits SMALL = new Limits(1, 64, 2, 4096);
  private static final int SMALL_BUFFER = 4096;
  private static final Duration BUSY_POLL = Duration.ofNanos(20_000);

  /** The variations that are tried in all combinations. */
  private static final List<List<Variation>> AXES = List.of(
      List.of(Variation.NONE,
          new Variation("small limits of the server",
              base -> base.withServer(base.server.withLimits(SMALL)))),
      List.of(Variation.NONE,
          new Variation("memory by file I/O", base -> base.with(ProbeMemoryKind.FILE_IO)),
          new Variation("memory by message", base -> base.with(ProbeMemoryKind.MESSAGE)),
          new Variation("memory by message over a twin socket",
              base -> base.with(ProbeMemoryKind.MESSAGE).withClient(base.client.withTwinSocket(true)))),
      List.of(Variation.NONE, new Variation("both versions",
          base -> base.with(MigrationVersions.BOTH))));

  /** The variations that are tried alone. With version 1 only, other checks apply. */
  private static final List<Variation> SINGLE = List.of(
      new Variation("small limits of the client", base -> base.withClient(base.client.withLimits(SMALL))),
      new Variation("small socket buffers",
          base -> base.withServer(base.server.withSocketBuffer(SMALL_BUFFER))
              .withClient(base.client.withSocketBuffer(SMALL_BUFFER))),
      new Variation("busy polling",
          base -> base.withServer(base.server.withBusyPoll(BUSY_POLL))
              .withClient(base.client.withBusyPoll(BUSY_POLL))));

  /** A difference from another variant. */
  private record Variation(String name, UnaryOperator<ConnectionVariant> change) {

    static final Variation NONE = new Variation("", UnaryOperator.identity());

    ConnectionVariant applyTo(ConnectionVariant base) {
      ConnectionVariant changed = change.apply(base);
      String fullName = base.name.equals(DEFAULT.name) ? name : base.name + ", " + name;
      return name.isEmpty() ? changed
          : new ConnectionVariant(fullName, changed.server, changed.client, changed.memory);
    }
  }

  static Stream<ConnectionVariant> all() {
    Stream<ConnectionVariant> combined = Stream.of(DEFAULT);
    for (List<Variation> axis : AXES) {
      combined = combined.flatMap(base -> axis.stream().map(option -> option.applyTo(base)));
    }
    return Stream.concat(combined, SINGLE.stream().map(option -> option.applyTo(DEFAULT)));
  }

  private ConnectionVariant with(ProbeMemoryKind other) {
    return new ConnectionVariant(name, server, client, other);
  }

  ConnectionVariant with(MigrationVersions versions) {
    return withServer(server.withVersions(versions));
  }

  private ConnectionVariant withServer(ServerOptions other) {
    return new ConnectionVariant(name, other, client, memory);
  }

  private ConnectionVariant withClient(ClientOptions other) {
    return new ConnectionVariant(name, server, other, memory);
  }

  @Override
  public String toString() {
    return name;
  }
}
