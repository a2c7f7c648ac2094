// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
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

/** A server that makes a device for each client. */
class ManyDevicesTest {

  private static final int MOST = 3;

  @TempDir
  private Path folder;
  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
  private final AtomicInteger made = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private volatile boolean canBeMade = true;
  private Map<String, Long> fds;
  private Map<String, Long> threads;
  private ManyDevicesServer server;
  private Background<Boolean> run;

  @BeforeEach
  void start() throws Exception {
    fds = Resources.openFds();
    threads = Resources.threads();
    server = ManyDevicesServer.listen(path(), this::make, MOST, ServerOptions.DEFAULT, log::add);
    run = Background.start("test-server", () -> {
      server.run();
      return true;
    });
  }

  @AfterEach
  void end() throws Exception {
    server.close();
    assertThat(run.result()).isTrue();
    assertThat(path()).doesNotExist();
    assertThat(closed).hasValue(made.get());
    Resources.awaitFds(fds);
    assertThat(Resources.threads()).isEqualTo(threads);
  }

  private Path path() {
    return folder.resolve("many");
  }

  /** A server that is ended before it runs does not run; for tests that have no client of their own. */
  private void awaitRunning() throws Exception {
    connect().close();
  }

  private EmulatedDevice make(int number) throws IOException {
    if (!canBeMade) {
      throw new IOException("out of everything");
    }
    assertThat(Thread.currentThread().getName()).isEqualTo("vfio-user-device-" + number);
    made.incrementAndGet();
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
  void eachClientHasItsOwnDevice() throws Exception {
    try (VfioUserClient one = connect(); VfioUserClient two = connect()) {
      one.writeInt(TestDevice.BAR2, 0, 1);
      two.writeInt(TestDevice.BAR2, 0, 2);
      one.moveTo(DeviceState.STOP);
      assertThat(one.readInt(TestDevice.BAR2, 0)).isEqualTo(1);
      assertThat(two.readInt(TestDevice.BAR2, 0)).isEqualTo(2);
      assertThat(two.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(one.keepsState()).as("a device that goes with its client keeps nothing").isFalse();
    }
    try (VfioUserClient three = connect()) {
      assertThat(three.readInt(TestDevice.BAR2, 0)).isZero();
    }
    assertThat(log).isEmpty();
  }

  @Test
  void thereIsABound() throws Exception {
    List<VfioUserClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < MOST; i++) {
        clients.add(connect());
      }
      assertThatExceptionOfType(DeviceException.class).isThrownBy(this::connect)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      assertThat(log.take()).isEqualTo("client refused: all 3 devices are in use");
      clients.removeFirst().close();
      clients.add(connect());
      assertThat(clients.getLast().readInt(TestDevice.BAR2, 0)).isZero();
    } finally {
      clients.forEach(VfioUserClient::close);
    }
  }

  @Test
  void aDeviceThatCannotBeMadeCostsItsClientAlone() throws Exception {
    try (VfioUserClient one = connect()) {
      canBeMade = false;
      assertThatExceptionOfType(DeviceException.class).isThrownBy(this::connect)
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
      assertThat(log.take()).isEqualTo("client refused: no device can be made for it: out of everything");
      canBeMade = true;
      try (VfioUserClient two = connect()) {
        assertThat(two.state()).isEqualTo(DeviceState.RUNNING);
      }
      assertThat(one.state()).isEqualTo(DeviceState.RUNNING);
    }
  }

  @Test
  void aClientThatBreaksTheProtocolCostsNobodyElse() throws Exception {
    try (VfioUserClient one = connect(); RawPeer bad = new RawPeer(UnixSocket.connect(path()))) {
      bad.negotiate();
      bad.send(RawPeer.header(1, 9, 3, 0, 0).toBytes());
      assertThat(log.take()).isEqualTo("client given up: a message of 3 bytes");
      assertThat(one.readInt(TestDevice.BAR2, 0)).isZero();
    }
  }

  @Test
  void stoppingLetsAllClientsGo() throws Exception {
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
  void whatMakesNoSenseIsRefused() throws Exception {
    awaitRunning();
    Path other = folder.resolve("other");
    for (ServerOptions options : List.of(ServerOptions.DEFAULT.withOnce(true),
        ServerOptions.DEFAULT.withKeepState(true))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ManyDevicesServer.listen(other, this::make, 1, options, log::add));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ManyDevicesServer.listen(other, this::make, 0, ServerOptions.DEFAULT, log::add));
    assertThat(other).doesNotExist();
  }

  @Test
  void aServerThatNeverRanLeavesNothing() throws Exception {
    awaitRunning();
    Path other = folder.resolve("other");
    ManyDevicesServer.listen(other, this::make, 1, ServerOptions.DEFAULT, log::add).close();
    assertThat(other).doesNotExist();
  }
}
