// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A {@link TestDevice} served at a path, in its own thread. */
public final class TestServer implements AutoCloseable {

  private final TestDevice device;
  private final Path path;
  private final VfioUserServer server;
  private final BackgroundTask<Boolean> run;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();

  private TestServer(Path folder, TestDevice device, ServerOptions options) throws Exception {
    this.device = device;
    this.path = folder.resolve("s" + System.nanoTime());
    server = VfioUserServer.listen(path, device, options, log::add);
    run = BackgroundTask.start("test-server", () -> {
      server.run();
      return true;
    });
  }

  public static TestServer start(Path folder) throws Exception {
    return start(folder, ServerOptions.DEFAULT);
  }

  public static TestServer start(Path folder, ServerOptions options) throws Exception {
    return new TestServer(folder, TestDevice.create(), options);
  }

  public static TestServer start(Path folder, TestDevice device, ServerOptions options) throws Exception {
    return new TestServer(folder, device, options);
  }

  public static TestServer start(Path folder, TestDevice device) throws Exception {
    return new TestServer(folder, device, ServerOptions.DEFAULT);
  }

  public TestDevice device() {
    return device;
  }

  public VfioUserServer server() {
    return server;
  }

  public Path path() {
    return path;
  }

  /** Returns the server's thread. */
  public Thread thread() {
    return run.thread();
  }

  public BlockingQueue<String> log() {
    return log;
  }

  public VfioUserClient connect() throws DeviceException {
    return connect(ClientOptions.DEFAULT);
  }

  /** Connects, and retries until the server has noticed that the previous client disconnected. */
  public VfioUserClient connect(ClientOptions options) throws DeviceException {
    while (true) {
      try {
        return VfioUserClient.connect(path, options);
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY) || Thread.currentThread().isInterrupted()) {
          throw e;
        }
        log.removeIf(line -> line.startsWith("connection rejected"));
      }
    }
  }

  /** Opens a connection without a VERSION. */
  public RawPeer connectRaw() throws Exception {
    return new RawPeer(UnixSocket.connect(path));
  }

  public RawPeer connectNegotiated() throws Exception {
    RawPeer peer = connectRaw();
    peer.negotiate();
    return peer;
  }

  /** Waits for the server to end. */
  public void awaitEnd() throws Exception {
    assertThat(run.result()).isTrue();
  }

  /**
   * Checks that the server still works: it serves another client, and has logged nothing but counts of
   * suppressed lines. That client has disconnected when this returns.
   */
  public void assertServesNext() throws Exception {
    int resets;
    try (VfioUserClient client = connect()) {
      resets = device.resets;
      client.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 42);
      assertThat(client.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(42);
    }
    Await.until("the device is reset, the server's last action for a client", () -> device.resets > resets);
    assertThat(log).as("log lines, except counts of suppressed ones").allMatch(
        line -> line.startsWith("suppressed "));
  }

  @Override
  public void close() {
    server.close();
    assertThat(run.failure()).isNull();
    device.close();
  }
}
