// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that creates a device for each client. */
class MultiDeviceServerTest {

  private static final int MAX_DEVICES = 3;

  @TempDir
  private Path folder;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  private final AtomicInteger created = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private volatile boolean creationSucceeds = true;
  private Map<String, Long> fds;
  private Map<String, Long> threads;
  private MultiDeviceServer server;
  private BackgroundTask<Boolean> run;

  @BeforeEach
  void start() throws Exception {
    fds = ProcessResources.openFds();
    threads = ProcessResources.threads();
    server = MultiDeviceServer.listen(path(), this::make, MAX_DEVICES, ServerOptions.DEFAULT, log::add);
    run = BackgroundTask.start("test-server", () -> {
      server.run();
      return true;
    });
  }

  @AfterEach
  void end() throws Exception {
    server.close();
    assertThat(run.result()).isTrue();
    assertThat(path()).doesNotExist();
    assertThat(closed).hasValue(created.get());
    ProcessResources.awaitFds(fds);
    assertThat(ProcessResources.threads()).isEqualTo(threads);
  }

  private Path path() {
    return folder.resolve("many");
  }

  /** Stops the server before it runs, for tests without a client. */
  private void awaitRunning() throws Exception {
    connect().close();
  }

  private EmulatedDevice make(int number) throws IOException {
    if (!creationSucceeds) {
      throw new IOException("out of everything");
    }
    assertThat(Thread.currentThread().getName()).isEqualTo("vfio-user-device-" + number);
    created.incrementAndGet();
    return new TestDevice(io.vfio4j.model.MigrationFeatures.ALL) {
      @Override
      public void close() {
        super.close();
        closed.incrementAndGet();
      }
    };
  }

  private VfioUserClient connect() throws DeviceException {
    return VfioUserClient.connect(path(), ClientOptions.DEFAULT.withKeepState(true));
  }

  @Test
  void createsDevicePerClient() throws Exception {
    try (VfioUserClient one = connect(); VfioUserClient two = connect()) {
      one.writeInt(TestDevice.BAR2, 0, 1);
      two.writeInt(TestDevice.BAR2, 0, 2);
      one.moveTo(DeviceState.STOP);
      assertThat(one.readInt(TestDevice.BAR2, 0)).isEqualTo(1);
      assertThat(two.readInt(TestDevice.BAR2, 0)).isEqualTo(2);
      assertThat(two.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(one.keepsState()).as("a device that is closed with its client keeps nothing").isFalse();
    }
    try (VfioUserClient three = connect()) {
      assertThat(three.readInt(TestDevice.BAR2, 0)).isZero();
    }
    assertThat(log).isEmpty();
  }

  @Test
  void boundsNumberOfDevices() throws Exception {
    List<VfioUserClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < MAX_DEVICES; i++) {
        clients.add(connect());
      }
      assertThatExceptionOfType(DeviceException.class).isThrownBy(this::connect)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      assertThat(log.take()).isEqualTo("connection rejected: all 3 devices are in use");
      clients.removeFirst().close();
      clients.add(connect());
      assertThat(clients.getLast().readInt(TestDevice.BAR2, 0)).isZero();
    } finally {
      clients.forEach(VfioUserClient::close);
    }
  }

  @Test
  void refusesClientWhenDeviceCreationFails() throws Exception {
    try (VfioUserClient one = connect()) {
      creationSucceeds = false;
      assertThatExceptionOfType(DeviceException.class).isThrownBy(this::connect)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
      assertThat(log.take()).isEqualTo("connection rejected: cannot create a device: out of everything");
      creationSucceeds = true;
      try (VfioUserClient two = connect()) {
        assertThat(two.state()).isEqualTo(DeviceState.RUNNING);
      }
      assertThat(one.state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @Test
  void isolatesMisbehavingClient() throws Exception {
    try (VfioUserClient one = connect(); RawPeer bad = new RawPeer(UnixSocket.connect(path()))) {
      bad.negotiate();
      bad.send(RawPeer.header(1, 9, 3, 0, 0).toBytes());
      assertThat(log.take()).isEqualTo("connection failed: a message of 3 bytes");
      assertThat(one.readInt(TestDevice.BAR2, 0)).isZero();
    }
  }

  @Test
  void disconnectsAllClientsOnStop() throws Exception {
    try (RawPeer one = new RawPeer(UnixSocket.connect(path()));
        RawPeer two = new RawPeer(UnixSocket.connect(path()))) {
      one.negotiate();
      two.negotiate();
      server.stop();
      assertThat(run.result()).isTrue();
      one.assertEnd();
      two.assertEnd();
      assertThat(log).isEmpty();
      assertThatIllegalStateException().isThrownBy(server::run);
    }
  }

  @Test
  void rejectsInvalidOptions() throws Exception {
    awaitRunning();
    Path other = folder.resolve("other");
    for (ServerOptions options : List.of(ServerOptions.DEFAULT.withOnce(true),
        ServerOptions.DEFAULT.withKeepState(KeepState.ALWAYS))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> MultiDeviceServer.listen(other, this::make, 1, options, log::add));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MultiDeviceServer.listen(other, this::make, 0, ServerOptions.DEFAULT, log::add));
    assertThat(other).doesNotExist();
  }

  @Test
  void leaksNothingWithoutRun() throws Exception {
    awaitRunning();
    Path other = folder.resolve("other");
    MultiDeviceServer.listen(other, this::make, 1, ServerOptions.DEFAULT, log::add).close();
    assertThat(other).doesNotExist();
  }
}
