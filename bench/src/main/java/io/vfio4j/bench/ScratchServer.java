// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.vfiouser.server.KeepState;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Serves a scratch device until its input ends: {@code ScratchServer PATH MEMORY}. For each line of input it prints
 * the bytes that the device's thread has allocated so far.
 */
public final class ScratchServer {

  private ScratchServer() {
  }

  /** Runs the server. */
  public static void main(String[] args) throws IOException {
    ScratchConfig config = ScratchConfig.named(args[0]).withMemorySize(Long.parseLong(args[1]));
    ServerOptions options =
        ServerOptions.DEFAULT.withKeepState(KeepState.ALWAYS).withBusyPoll(BenchClients.BUSY_POLL);
    try (ScratchDevice device = new ScratchDevice(config, ScratchServer::log, System::nanoTime);
        VfioUserServer server =
            VfioUserServer.listen(Path.of(args[0]), device, options, ScratchServer::log)) {
      long deviceThread = Thread.currentThread().threadId();
      Thread.ofPlatform().daemon().name("bench-orders").start(() -> serveCommands(server, deviceThread));
      System.out.println("ready");
      server.run();
    }
  }

  private static void log(String line) {
    System.err.println(line);
  }

  private static void serveCommands(VfioUserServer server, long deviceThread) {
    try (BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      while (orders.readLine() != null) {
        System.out.println(ThreadAllocation.of(deviceThread));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      server.stop();
    }
  }
}
