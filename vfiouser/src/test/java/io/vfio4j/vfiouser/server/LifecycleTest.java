// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that connect and disconnect, and servers that stop. */
class LifecycleTest {

  private static final IovaRange RANGE = new IovaRange(0x10_0000, 0x1000);

  @TempDir
  private Path folder;

  @Test
  void refusesSecondClient() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      refuseWhileConnected(served);
      served.assertServesNext();
    }
  }

  private static void refuseWhileConnected(TestServer served) throws Exception {
    try (VfioUserClient first = served.connect()) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> VfioUserClient.connect(served.path(), ClientOptions.DEFAULT))
          .withMessageContaining("in use: another client is connected")
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
      assertThat(served.log().take()).isEqualTo("connection rejected: another client is connected");
      first.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 3);
      assertThat(first.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(3);
    }
  }

  /** In parallel: one after another, the last would exceed the client's timeout. */
  @Test
  void refusesHundredClientsConcurrently() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient first = served.connect()) {
      List<BackgroundTask<Errno>> refused = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        refused.add(BackgroundTask.start("test-client-" + i, () -> refusalOf(served)));
      }
      for (BackgroundTask<Errno> one : refused) {
        assertThat(one.result()).isEqualTo(Errno.EBUSY);
      }
      assertThat(first.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  private static Errno refusalOf(TestServer served) {
    return Assertions.catchThrowableOfType(DeviceException.class,
        () -> VfioUserClient.connect(served.path(), ClientOptions.DEFAULT)).errno();
  }

  @Test
  void dropsMisbehavingSecondClient() throws Exception {
    try (TestServer served = TestServer.start(folder); VfioUserClient first = served.connect()) {
      try (RawPeer gone = served.connectRaw()) {
        assertThat(gone.socket().fd().isOpen()).isTrue();
      }
      assertThat(served.log().take()).startsWith("connection rejected");
      try (RawPeer nonsense = served.connectRaw()) {
        nonsense.send(new byte[] {1, 2, 3});
        nonsense.assertEnd();
      }
      assertThat(served.log().take()).startsWith("connection rejected");
      assertThat(first.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
      "false, false, RUNNING, false", "true, false, RUNNING, true", "false, true, RUNNING, true",
      "true, true, RUNNING, true", "true, true, STOP, false", "true, false, PRE_COPY, false",
      "false, true, RESUMING, false", "true, true, RUNNING_P2P, false"})
  void resetsDeviceAtDisconnectUnlessKept(boolean clientKeeps, boolean serverKeeps, DeviceState state,
      boolean isKept) throws Exception {
    KeepState keepState = serverKeeps ? KeepState.ALWAYS : KeepState.ON_REQUEST;
    try (TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withKeepState(keepState))) {
      try (VfioUserClient client = served.connect(ClientOptions.DEFAULT.withKeepState(clientKeeps))) {
        assertThat(client.keepsState()).isEqualTo(clientKeeps);
        client.writeInt(TestDevice.BAR2, 0, 4711);
        client.moveTo(state);
      }
      try (VfioUserClient next = served.connect()) {
        assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(next.readInt(TestDevice.BAR2, 0)).isEqualTo(isKept ? 4711 : 0);
        assertThat(served.device().resets).isEqualTo(isKept ? 0 : 1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
      "RUNNING, RUNNING", "RUNNING_P2P, RUNNING", "PRE_COPY, RUNNING", "PRE_COPY_P2P, RUNNING", "STOP, STOP",
      "STOP_COPY, STOP"})
  void keepsStateOfKilledClient(DeviceState left, DeviceState found) throws Exception {
    ClientOptions keeping = ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true);
    try (TestServer served = TestServer.start(folder)) {
      try (VfioUserClient client = served.connect(keeping)) {
        assertThat(client.keepsStopped()).isTrue();
        client.writeInt(TestDevice.BAR2, 0, 4711);
        client.moveTo(left);
      }
      try (VfioUserClient next = served.connect(keeping)) {
        assertThat(next.state()).isEqualTo(found);
        next.moveTo(DeviceState.RUNNING);
        assertThat(next.readInt(TestDevice.BAR2, 0)).isEqualTo(4711);
        assertThat(served.device().resets).isZero();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"RESUMING, true, true", "STOP, false, true", "STOP_COPY, true, false"})
  void resetsDeviceWithoutStateOrRequest(DeviceState left, boolean keep, boolean keepStopped)
      throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (VfioUserClient client =
          served.connect(ClientOptions.DEFAULT.withKeepState(keep).withKeepStopped(keepStopped))) {
        assertThat(client.keepsStopped()).isEqualTo(keep && keepStopped);
        client.moveTo(left);
      }
      try (VfioUserClient next = served.connect()) {
        assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(served.device().resets).isEqualTo(1);
      }
    }
  }

  @Test
  void keepsStateOfDeviceThatRefusesTransition() throws Exception {
    ClientOptions keeping = ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true);
    try (TestServer served = TestServer.start(folder)) {
      try (VfioUserClient client = served.connect(keeping)) {
        client.moveTo(DeviceState.STOP_COPY);
        served.device().failure =
            new TestDevice.Failure(new Arc(DeviceState.STOP_COPY, DeviceState.STOP), Errno.EIO, false);
      }
      try (VfioUserClient next = served.connect(keeping)) {
        assertThat(next.state()).isEqualTo(DeviceState.STOP_COPY);
        assertThat(served.device().resets).isZero();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void dropsMappingsInterruptsAndLogAtDisconnect(boolean keep) throws Exception {
    try (TestServer served = TestServer.start(folder); Fd guest = Memfd.create("guest", 0x1000);
        EventFd event = EventFd.create()) {
      try (VfioUserClient client = served.connect(ClientOptions.DEFAULT.withKeepState(keep))) {
        client.dma().map(RANGE, guest, 0, true);
        client.irqs().assign(DeviceDescription.MSIX, 0, List.of(event));
        client.dmaLog().orElseThrow().start(List.of(RANGE), 4096);
        client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, RANGE.iova());
      }
      try (VfioUserClient next = served.connect()) {
        assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> next.dmaLog().orElseThrow().stop());
        next.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, RANGE.iova());
        next.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.DMA_WRITE_LONG);
        assertThat(next.readInt(TestDevice.BAR0, TestDevice.STATUS)).isEqualTo(Errno.EFAULT.number());
        next.writeInt(TestDevice.BAR0, TestDevice.COMMAND, TestDevice.RAISE_MSIX);
        assertThat(event.drain()).isZero();
      }
    }
  }

  /** The places where a server may wait. */
  enum Wait {
    NO_CLIENT, SILENT_CLIENT, IDLE_CLIENT, MID_HEADER, MID_BODY, DMA_REPLY, REJECTION
  }

  @ParameterizedTest
  @EnumSource
  void stopsServerInEachWait(Wait wait) throws Exception {
    var fds = ProcessResources.openFds();
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = wait == Wait.NO_CLIENT ? null : served.connectRaw();
          RawPeer second = wait == Wait.REJECTION ? served.connectRaw() : null) {
        if (peer != null) {
          awaitState(wait, peer, served);
        }
        served.server().stop();
        served.awaitEnd();
        if (peer != null) {
          peer.assertEnd();
        }
        assertThat(second == null || second.socket().fd().isOpen()).isTrue();
        assertThat(served.log()).as("stopped on request, so not an error")
            .allMatch(line -> line.startsWith("connection rejected"));
      }
      assertThat(served.path()).doesNotExist();
    }
    ProcessResources.awaitFds(fds);
  }

  private static void awaitState(Wait wait, RawPeer peer, TestServer served) throws Exception {
    if (wait == Wait.SILENT_CLIENT) {
      return;
    }
    peer.negotiate();
    switch (wait) {
      case MID_HEADER -> peer.send(new byte[] {1, 2, 3});
      case MID_BODY -> peer.send(RawPeer.header(1, 9, 32, 0, 0).zeros(3).toBytes());
      case DMA_REPLY -> {
        peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, RANGE.iova(), 4096));
        peer.succeed(Command.REGION_WRITE,
            MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(RANGE.iova()).u32(1));
        peer.send(RawPeer.command(1, Command.REGION_WRITE,
            MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ)));
        assertThat(peer.receive().command()).isEqualTo(Command.DMA_READ.wireValue());
      }
      default -> peer.assertNoReply();
    }
    assertThat(served.thread().isAlive()).isTrue();
  }

  @Test
  void leavesThreadUninterruptedOnStop() throws Exception {
    TestDevice device = TestDevice.create();
    VfioUserServer server =
        VfioUserServer.listen(folder.resolve("s"), device, ServerOptions.DEFAULT, line -> {
        });
    BackgroundTask<Boolean> run = BackgroundTask.start("test-server", () -> {
      server.run();
      return Thread.currentThread().isInterrupted();
    });
    server.stop();
    server.stop();
    assertThat(run.result()).isFalse();
    server.close();
    server.close();
    assertThatIllegalStateException().isThrownBy(server::run);
    device.close();
  }

  @Test
  void stopsOnInterrupt() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      served.thread().interrupt();
      served.awaitEnd();
      assertThat(served.path()).doesNotExist();
    }
  }

  @Test
  void leaksNothingWithoutRun() throws Exception {
    var fds = ProcessResources.openFds();
    TestDevice device = TestDevice.create();
    VfioUserServer.listen(folder.resolve("s"), device, ServerOptions.DEFAULT, line -> {
    }).close();
    UnixSocket.Pair pair = UnixSocket.pair();
    VfioUserServer.of(pair.one(), device, ServerOptions.DEFAULT, line -> {
    }).close();
    pair.other().close();
    device.close();
    assertThat(folder.resolve("s")).doesNotExist();
    assertThat(ProcessResources.openFds()).isEqualTo(fds);
  }

  @Test
  void stopsAfterFirstClientWithOnce() throws Exception {
    try (TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withOnce(true))) {
      try (VfioUserClient client = served.connect()) {
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      }
      served.awaitEnd();
      assertThat(served.path()).doesNotExist();
      assertThat(served.device().resets).isEqualTo(1);
    }
  }

  /** Another server that checks whether this socket is in use does this. */
  @Test
  void ignoresClientWithoutHandshake() throws Exception {
    try (TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withOnce(true))) {
      served.connectRaw().close();
      try (VfioUserClient client = served.connect(ClientOptions.DEFAULT.withKeepState(true))) {
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      }
      served.awaitEnd();
      assertThat(served.device().resets).isZero();
    }
  }

  @Test
  void servesExistingConnection() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (TestDevice device = TestDevice.create();
        VfioUserServer server = VfioUserServer.of(pair.one(), device, ServerOptions.DEFAULT, line -> {
        })) {
      BackgroundTask<Boolean> run = BackgroundTask.start("test-server", () -> {
        server.run();
        return true;
      });
      try (VfioUserClient client = VfioUserClient.of(pair.other(), "pair", ClientOptions.DEFAULT)) {
        assertThat(client.identity().name()).isEqualTo("pair");
      }
      assertThat(run.result()).isTrue();
    }
  }

  @Test
  void replacesStaleSocketOnly() throws Exception {
    try (TestServer served = TestServer.start(folder); TestDevice other = TestDevice.create()) {
      assertThatExceptionOfType(LinuxException.class)
          .isThrownBy(() -> VfioUserServer.listen(served.path(), other, ServerOptions.DEFAULT, line -> {
          })).satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE));
      assertThat(Files.exists(served.path())).isTrue();
    }
  }

  @Test
  void leaksNothingAfterTwoHundredClients() throws Exception {
    try (TestServer served = TestServer.start(folder); Fd guest = Memfd.create("guest", 0x1000);
        EventFd event = EventFd.create()) {
      connectOnce(served, guest, event);
      served.assertServesNext();
      var fds = ProcessResources.openFds();
      var threads = ProcessResources.threads();
      for (int i = 0; i < 200; i++) {
        connectOnce(served, guest, event);
      }
      ProcessResources.awaitFds(fds);
      assertThat(ProcessResources.threads()).isEqualTo(threads);
    }
  }

  private static void connectOnce(TestServer served, Fd guest, EventFd event) throws Exception {
    try (Arena arena = Arena.ofShared(); VfioUserClient client = served.connect()) {
      client.dma().map(RANGE, guest, 0, true);
      client.dma().map(0x20_0000, arena.allocate(4096), true);
      client.irqs().assign(DeviceDescription.MSIX, 0, List.of(event, event));
      client.mapRegion(TestDevice.BAR2).close();
      client.moveTo(DeviceState.PRE_COPY);
    }
  }

  @Test
  void leaksNothingAfterTwoHundredFailedClients() throws Exception {
    try (TestServer served = TestServer.start(folder); EventFd event = EventFd.create()) {
      served.assertServesNext();
      var fds = ProcessResources.openFds();
      var threads = ProcessResources.threads();
      for (int i = 0; i < 200; i++) {
        try (RawPeer peer = served.connectRaw()) {
          sendMalformed(i, peer, event.fd());
        }
        ProcessResources.awaitFds(fds);
      }
      assertThat(ProcessResources.threads()).isEqualTo(threads);
      served.connect().close(); // When this client is served, the previous one is cleaned up and logged.
      served.log().clear();
      served.assertServesNext();
    }
  }

  private static void sendMalformed(int how, RawPeer peer, Fd fd) throws Exception {
    if (how % 4 == 0) {
      peer.send(RawPeer.header(1, 3, 200, 0, 0).zeros(3).toBytes(), fd, fd);
      return;
    }
    peer.negotiate();
    switch (how % 4) {
      case 1 -> peer.send(new byte[7], fd, fd, fd);
      case 2 -> {
        peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 2), fd, fd);
        peer.send(RawPeer.header(1, 2, 48, 0, 0).zeros(31).toBytes(), fd);
      }
      default -> peer.send(RawPeer.header(1, 2, -1, 0, 0).zeros(32).toBytes(), fd);
    }
  }
}
