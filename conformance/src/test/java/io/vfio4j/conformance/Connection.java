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
record Connection(String name, ServerOptions server, ClientOptions client, ProbeMemoryKind memory) {

  static final Connection USUAL =
      new Connection("usual", ServerOptions.DEFAULT, ClientOptions.DEFAULT, ProbeMemoryKind.MAPPED);

  /** The least that both ends work with. A bitmap has to have room for what the checks ask for: a page's bits. */
  private static final Limits SMALL = new Limits(1, 64, 2, 4096);
  private static final int SMALL_BUFFER = 4096;
  private static final Duration A_MOMENT = Duration.ofNanos(20_000);

  /** The options whose every combination is tried. */
  private static final List<List<Option>> AXES = List.of(
      List.of(Option.NONE,
          new Option("small limits of the server", usual -> usual.serving(usual.server.withLimits(SMALL)))),
      List.of(Option.NONE, new Option("memory by file I/O", usual -> usual.with(ProbeMemoryKind.FILE_IO)),
          new Option("memory by message", usual -> usual.with(ProbeMemoryKind.MESSAGE)),
          new Option("memory by message over a twin socket",
              usual -> usual.with(ProbeMemoryKind.MESSAGE).asking(usual.client.withTwinSocket(true)))),
      List.of(Option.NONE, new Option("both versions",
          usual -> usual.with(MigrationVersions.BOTH))));

  /** The options that are tried alone. A device with version 1 only has other rules than these checks judge by. */
  private static final List<Option> ALONE = List.of(
      new Option("small limits of the client", usual -> usual.asking(usual.client.withLimits(SMALL))),
      new Option("small socket buffers",
          usual -> usual.serving(usual.server.withSocketBuffer(SMALL_BUFFER))
              .asking(usual.client.withSocketBuffer(SMALL_BUFFER))),
      new Option("busy polling",
          usual -> usual.serving(usual.server.withBusyPoll(A_MOMENT))
              .asking(usual.client.withBusyPoll(A_MOMENT))));

  /** A way to differ from the usual. */
  private record Option(String name, UnaryOperator<Connection> change) {

    static final Option NONE = new Option("", UnaryOperator.identity());

    Connection applyTo(Connection usual) {
      Connection changed = change.apply(usual);
      String named = usual.name.equals(USUAL.name) ? name : usual.name + ", " + name;
      return name.isEmpty() ? changed : new Connection(named, changed.server, changed.client, changed.memory);
    }
  }

  static Stream<Connection> all() {
    Stream<Connection> combined = Stream.of(USUAL);
    for (List<Option> axis : AXES) {
      combined = combined.flatMap(usual -> axis.stream().map(option -> option.applyTo(usual)));
    }
    return Stream.concat(combined, ALONE.stream().map(option -> option.applyTo(USUAL)));
  }

  private Connection with(ProbeMemoryKind way) {
    return new Connection(name, server, client, way);
  }

  Connection with(MigrationVersions versions) {
    return serving(server.withVersions(versions));
  }

  private Connection serving(ServerOptions other) {
    return new Connection(name, other, client, memory);
  }

  private Connection asking(ClientOptions other) {
    return new Connection(name, server, other, memory);
  }

  @Override
  public String toString() {
    return name;
  }
}
