// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A device that is served at a path, by a thread of its own. */
final class Served implements AutoCloseable {

  private final TestDevice device;
  private final Path path;
  private final VfioUserServer server;
  private final Background<Boolean> run;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();

  private Served(Path folder, TestDevice device, ServerOptions options) throws Exception {
    this.device = device;
    this.path = folder.resolve("s" + System.nanoTime());
    server = VfioUserServer.listen(path, device, options, log::add);
    run = Background.start("test-server", () -> {
      server.run();
      return true;
    });
  }

  static Served in(Path folder) throws Exception {
    return in(folder, ServerOptions.DEFAULT);
  }

  static Served in(Path folder, ServerOptions options) throws Exception {
    return new Served(folder, TestDevice.make(), options);
  }

  static Served in(Path folder, TestDevice device, ServerOptions options) throws Exception {
    return new Served(folder, device, options);
  }

  static Served in(Path folder, TestDevice device) throws Exception {
    return new Served(folder, device, ServerOptions.DEFAULT);
  }

  TestDevice device() {
    return device;
  }

  VfioUserServer server() {
    return server;
  }

  Path path() {
    return path;
  }

  /** The server's thread. */
  Thread thread() {
    return run.thread();
  }

  BlockingQueue<String> log() {
    return log;
  }

  VfioUserClient connect() throws DeviceException {
    return connect(ClientOptions.DEFAULT);
  }

  /** Connects as soon as the client before is gone for good. */
  VfioUserClient connect(ClientOptions options) throws DeviceException {
    while (true) {
      try {
        return VfioUserClient.connect(path, options);
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        log.removeIf(line -> line.startsWith("client refused"));
      }
    }
  }

  /** A connection on which nothing has been said. */
  RawPeer raw() throws Exception {
    return new RawPeer(UnixSocket.connect(path));
  }

  RawPeer negotiated() throws Exception {
    RawPeer peer = raw();
    peer.negotiate();
    return peer;
  }

  /** Waits for the server to end by itself, or as it was told before. */
  void awaitEnd() throws Exception {
    assertThat(run.result()).isTrue();
  }

  /**
   * Checks that the server goes on: it serves a client, and has nothing more to complain about. That client is gone
   * for good afterwards.
   */
  void assertServesNext() throws Exception {
    int resets;
    try (VfioUserClient client = connect()) {
      resets = device.resets;
      client.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 42);
      assertThat(client.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(42);
    }
    Waiting.until("the device is reset, the last that happens for a client", () -> device.resets > resets);
    assertThat(log).as("complaints, but for the counts of those before").allMatch(
        line -> line.startsWith("left out "));
  }

  @Override
  public void close() {
    server.close();
    assertThat(run.failure()).isNull();
    device.close();
  }
}
