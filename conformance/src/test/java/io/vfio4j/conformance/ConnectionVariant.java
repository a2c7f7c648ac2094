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
 * How a device is reached: nothing that it has to say may depend on it.
 *
 * @param name for the names of tests
 */
record ConnectionVariant(String name, ServerOptions server, ClientOptions client, ProbeMemoryKind memory) {

  static final ConnectionVariant DEFAULT =
      new ConnectionVariant("usual", ServerOptions.DEFAULT, ClientOptions.DEFAULT, ProbeMemoryKind.MAPPED);

  /** The least that both ends work with. A bitmap has to have room for what the checks ask for: a page's bits. */
  private static final Limits SMALL = new Limits(1, 64, 2, 4096);
  private static final int SMALL_BUFFER = 4096;
  private static final Duration BUSY_POLL = Duration.ofNanos(20_000);

  /** The options whose every combination is tried. */
  private static final List<List<Variation>> AXES = List.of(
      List.of(Variation.NONE,
          new Variation("small limits of the server",
              usual -> usual.withServer(usual.server.withLimits(SMALL)))),
      List.of(Variation.NONE,
          new Variation("memory by file I/O", usual -> usual.with(ProbeMemoryKind.FILE_IO)),
          new Variation("memory by message", usual -> usual.with(ProbeMemoryKind.MESSAGE)),
          new Variation("memory by message over a twin socket",
              usual -> usual.with(ProbeMemoryKind.MESSAGE).withClient(usual.client.withTwinSocket(true)))),
      List.of(Variation.NONE, new Variation("both versions",
          usual -> usual.with(MigrationVersions.BOTH))));

  /** The options that are tried alone. A device with version 1 only has other rules than these checks judge by. */
  private static final List<Variation> SINGLE = List.of(
      new Variation("small limits of the client", usual -> usual.withClient(usual.client.withLimits(SMALL))),
      new Variation("small socket buffers",
          usual -> usual.withServer(usual.server.withSocketBuffer(SMALL_BUFFER))
              .withClient(usual.client.withSocketBuffer(SMALL_BUFFER))),
      new Variation("busy polling",
          usual -> usual.withServer(usual.server.withBusyPoll(BUSY_POLL))
              .withClient(usual.client.withBusyPoll(BUSY_POLL))));

  /** A way to differ from the usual. */
  private record Variation(String name, UnaryOperator<ConnectionVariant> change) {

    static final Variation NONE = new Variation("", UnaryOperator.identity());

    ConnectionVariant applyTo(ConnectionVariant usual) {
      ConnectionVariant changed = change.apply(usual);
      String named = usual.name.equals(DEFAULT.name) ? name : usual.name + ", " + name;
      return name.isEmpty() ? changed
          : new ConnectionVariant(named, changed.server, changed.client, changed.memory);
    }
  }

  static Stream<ConnectionVariant> all() {
    Stream<ConnectionVariant> combined = Stream.of(DEFAULT);
    for (List<Variation> axis : AXES) {
      combined = combined.flatMap(usual -> axis.stream().map(option -> option.applyTo(usual)));
    }
    return Stream.concat(combined, SINGLE.stream().map(option -> option.applyTo(DEFAULT)));
  }

  private ConnectionVariant with(ProbeMemoryKind way) {
    return new ConnectionVariant(name, server, client, way);
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
