// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A scratch device served by {@code vfio4j serve}, as the launcher starts it; {@code bench.vfio4j} is its path. */
final class SwapServer implements AutoCloseable {

  private final ServerProcess process;
  private final Path control;

  private SwapServer(ServerProcess process, Path control) {
    this.process = process;
    this.control = control;
  }

  /** Returns the command line of vfio4j with some arguments. */
  static List<String> vfio4j(List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(System.getProperty("bench.vfio4j", "vfio4j")));
    command.addAll(arguments);
    return command;
  }

  /** Starts a server with a control socket beside its socket. */
  static SwapServer start(Path socket, long memory) throws IOException {
    Path control = socket.resolveSibling(socket.getFileName() + ".control");
    return start(socket, control, memory, List.of("--control", control.toString()));
  }

  /** Starts a server without a control socket. */
  static SwapServer startPlain(Path socket, long memory) throws IOException {
    return start(socket, socket, memory, List.of());
  }

  private static SwapServer start(Path socket, Path control, long memory, List<String> more)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("serve", "scratch", "--socket", socket.toString(), "--memory",
            Long.toString(memory), "--until-eof", "--log-level", "warning"));
    arguments.addAll(more);
    return new SwapServer(ServerProcess.ofCommand(socket, vfio4j(arguments)), control);
  }

  ServerProcess process() {
    return process;
  }

  Path control() {
    return control;
  }

  @Override
  public void close() throws IOException {
    process.close();
  }
}
