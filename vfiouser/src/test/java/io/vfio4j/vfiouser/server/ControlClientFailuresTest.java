// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Control clients that violate the protocol, stall or flood: the VMM does not notice, and the next one is served. */
@Timeout(120)
class ControlClientFailuresTest {

  private static final String CONTROL_CAPABILITIES =
      "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"vfio4j\":{\"control\":true}}}";

  /** Less than the second that a control client may take for a message once the server waits for it. */
  private static final Duration NOT_DELAYED = Duration.ofMillis(900);

  @TempDir
  private Path folder;

  private Path control() {
    return folder.resolve("control");
  }

  private TestServer serve() throws Exception {
    return TestServer.start(folder, ServerOptions.DEFAULT.withControl(control()));
  }

  private ControlClient connectControl() throws DeviceException {
    while (true) {
      try {
        return ControlClient.connect(control(), ClientOptions.DEFAULT);
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EBUSY)) {
          throw e;
        }
      }
    }
  }

  private RawPeer connectRaw() throws LinuxException {
    return new RawPeer(UnixSocket.connect(control()));
  }

  /** Connects, and retries until the server has noticed that the previous client disconnected. */
  private RawPeer connectNegotiated() throws Exception {
    while (true) {
      RawPeer peer = connectRaw();
      int errno = peer.call(Command.VERSION, MessageBytes.version(1, CONTROL_CAPABILITIES)).errno();
      if (errno == 0) {
        return peer;
      }
      peer.close();
      assertThat(new Errno(errno)).isEqualTo(Errno.EBUSY);
    }
  }

  private static MessageBytes infoRequest() {
    return MessageBytes.empty().u32(72, 0);
  }

  private static void move(RawPeer peer, DeviceState state) throws Exception {
    peer.succeed(Command.DEVICE_FEATURE,
        MessageBytes.feature(Feature.MIG_DEVICE_STATE | Feature.SET, 8).u32(state.wireValue(), 0));
  }

  private static byte[] manyInfoRequests() {
    byte[] info = RawPeer.command(1, Command.CONTROL_INFO, infoRequest());
    MessageBytes many = MessageBytes.empty();
    for (int i = 0; i < 1000; i++) {
      many.bytes(info);
    }
    return many.toBytes();
  }

  private static void assertUsable(VfioUserClient vmm) throws DeviceException {
    for (int i = 1; i <= 100; i++) {
      vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, i);
      assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(i);
    }
  }

  private static void assertNotDelayed(VfioUserClient vmm) throws DeviceException {
    long start = System.nanoTime();
    assertUsable(vmm);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(NOT_DELAYED);
  }

  private void assertServesNextControlClient() throws DeviceException {
    try (ControlClient next = connectControl()) {
      assertThat(next.info().vmm()).isPresent();
    }
  }

  /** The client keeps its end open: the server must not wait for it to be closed. */
  @Test
  void disconnectsClientThatViolatesProtocol() throws Exception {
    List<byte[]> violations = new ArrayList<>();
    violations.add(new byte[64]);
    violations.add("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    violations.add(RawPeer.command(1, Command.CONTROL_INFO, infoRequest()));
    violations.add(RawPeer.command(1, Command.VERSION, MessageBytes.version(1, "{\"capabilities\":")));
    violations.add(RawPeer.command(1, Command.VERSION, MessageBytes.version(1, RawPeer.CAPABILITIES)));
    violations.add(RawPeer.header(1, Command.VERSION.wireValue(), Integer.MAX_VALUE, 0, 0).toBytes());
    violations.add(RawPeer.header(1, Command.VERSION.wireValue(), 3, 0, 0).toBytes());
    try (TestServer served = serve(); VfioUserClient vmm = served.connect()) {
      for (byte[] violation : violations) {
        try (RawPeer peer = connectRaw()) {
          peer.send(violation);
          assertServesNextControlClient();
          assertNotDelayed(vmm);
        }
      }
    }
  }

  /** The same with a device that the client moves, which is served without a summons. */
  @Test
  void disconnectsDriverThatViolatesProtocol() throws Exception {
    try (TestServer served = serve(); VfioUserClient vmm = served.connect()) {
      for (int i = 0; i < 50; i++) {
        try (RawPeer peer = connectNegotiated()) {
          move(peer, DeviceState.PRE_COPY);
          BackgroundTask<Boolean> accesses = BackgroundTask.start("vcpu", () -> {
            assertUsable(vmm);
            return true;
          });
          peer.send(RawPeer.header(1, Command.VERSION.wireValue(), 3, 0, 0).toBytes());
          assertServesNextControlClient();
          assertThat(accesses.result()).isTrue();
        }
        assertThat(served.device().state()).isEqualTo(DeviceState.RUNNING);
      }
    }
  }

  /** Without a VMM, the device's thread waits on the control socket itself. */
  @Test
  void servesManyDriversWithoutVmm() throws Exception {
    try (TestServer served = serve()) {
      for (int i = 0; i < 200; i++) {
        try (ControlClient control = connectControl()) {
          control.device().moveTo(DeviceState.STOP);
        }
      }
      try (ControlClient control = connectControl()) {
        assertThat(control.device().state()).isEqualTo(DeviceState.RUNNING);
      }
      assertThat(served.log()).noneMatch(line -> line.contains("failed"));
    }
  }

  @Test
  void servesManyDriversWithBusyVmm() throws Exception {
    try (TestServer served = serve(); VfioUserClient vmm = served.connect()) {
      BackgroundTask<Integer> accesses = BackgroundTask.start("vcpu", () -> {
        int count = 0;
        while (!Thread.currentThread().isInterrupted()) {
          vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, ++count);
          assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isEqualTo(count);
        }
        return count;
      });
      for (int i = 0; i < 200; i++) {
        try (ControlClient control = connectControl()) {
          control.device().moveTo(i % 2 == 0 ? DeviceState.PRE_COPY : DeviceState.STOP_COPY);
        }
      }
      assertServesNextControlClient();
      accesses.thread().interrupt();
      assertThat(accesses.result()).isPositive();
      assertThat(served.log()).noneMatch(line -> line.contains("failed"));
    }
  }

  @Test
  void halfMessageDoesNotDelayVmm() throws Exception {
    byte[] info = RawPeer.command(1, Command.CONTROL_INFO, infoRequest());
    byte[] large = RawPeer.header(2, Command.MIG_DATA_WRITE.wireValue(), Header.SIZE + 8 + (1 << 20), 0, 0)
        .u32(8 + (1 << 20), 1 << 20).zeros(1 << 19).toBytes();
    try (TestServer served = serve(); VfioUserClient vmm = served.connect()) {
      for (int size = 1; size < info.length; size++) {
        try (RawPeer peer = connectNegotiated()) {
          peer.send(Arrays.copyOf(info, size));
          assertNotDelayed(vmm);
          peer.send(Arrays.copyOfRange(info, size, info.length));
          assertThat(peer.reply(1, Command.CONTROL_INFO).errno()).isZero();
          peer.send(Arrays.copyOf(info, size));
        }
      }
      try (RawPeer peer = connectNegotiated()) {
        peer.send(large);
        assertNotDelayed(vmm);
      }
      assertServesNextControlClient();
    }
  }

  @Test
  void refusesMalformedCommands() throws Exception {
    Command[] commands = {Command.CONTROL_INFO, Command.CONNECTION_EXPORT, Command.CONNECTION_IMPORT,
        Command.CONNECTION_SURRENDER, Command.CONNECTION_RELEASE, Command.STATE_MEMORY_EXPORT,
        Command.STATE_MEMORY_IMPORT};
    try (TestServer served = serve();
        VfioUserClient vmm = served.connect();
        RawPeer peer = connectNegotiated()) {
      for (DeviceState state : new DeviceState[] {DeviceState.RUNNING, DeviceState.STOP_COPY,
          DeviceState.STOP}) {
        move(peer, state);
        for (Command command : commands) {
          for (int size = 0; size < 24; size++) {
            byte[] ones = new byte[size];
            Arrays.fill(ones, (byte) 0xff);
            for (byte[] body : new byte[][] {new byte[size], ones}) {
              RawPeer.Message reply = peer.call(command, MessageBytes.empty().bytes(body));
              assertThat(new Errno(reply.errno())).as("%s of %d bytes in %s", command, size, state)
                  .isIn(Errno.EINVAL, Errno.ESTALE, Errno.EBUSY, Errno.ENOTTY);
            }
          }
        }
      }
      move(peer, DeviceState.RUNNING);
      assertUsable(vmm);
    }
  }

  @Test
  void refusesPartsThatDoNotExist() throws Exception {
    try (TestServer served = serve(); VfioUserClient vmm = served.connect();
        RawPeer peer = connectNegotiated()) {
      move(peer, DeviceState.STOP_COPY);
      for (int part : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 30, 2}) {
        peer.assertRefused(Errno.EINVAL, Command.CONNECTION_EXPORT,
            MessageBytes.empty().u32(16, 0, part, 1 << 20));
      }
      for (int room : new int[] {0, -1, (1 << 20) + 1}) {
        peer.assertRefused(Errno.EINVAL, Command.CONNECTION_EXPORT, MessageBytes.empty().u32(16, 0, 0, room));
      }
      move(peer, DeviceState.RUNNING);
      assertUsable(vmm);
    }
  }

  /** The server waits for a second, and disconnects a client that does not read its replies. */
  @Test
  void disconnectsClientThatDoesNotRead() throws Exception {
    byte[] many = manyInfoRequests();
    try (TestServer served = serve(); VfioUserClient vmm = served.connect();
        RawPeer peer = connectNegotiated()) {
      BackgroundTask<Boolean> flood = BackgroundTask.start("flood", () -> {
        while (true) {
          peer.send(many);
        }
      });
      Throwable failure = flood.failure();
      assertThat(failure).isInstanceOfSatisfying(LinuxException.class,
          e -> assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET));
      assertNotDelayed(vmm);
      assertServesNextControlClient();
    }
  }

  /** Messages of both are executed in turn. */
  @Test
  void busyClientDoesNotStarveVmm() throws Exception {
    byte[] many = manyInfoRequests();
    try (TestServer served = serve(); VfioUserClient vmm = served.connect();
        RawPeer peer = connectNegotiated()) {
      BackgroundTask<Boolean> replies = BackgroundTask.start("replies", () -> {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment buffer = arena.allocate(1 << 16);
          while (peer.socket().receive(buffer, peer.fds()) > 0) {
            // Read as fast as they arrive.
          }
        }
        return true;
      });
      BackgroundTask<Boolean> flood = BackgroundTask.start("flood", () -> {
        while (true) {
          peer.send(many);
        }
      });
      TimeUnit.MILLISECONDS.sleep(200);
      vmm.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, 0);
      assertUsable(vmm);
      peer.socket().shutdown();
      assertThat(flood.failure()).isInstanceOf(LinuxException.class);
      assertThat(replies.result()).isTrue();
    }
  }

  /** 9 MiB, more than sockets hold, arrive during a hold, and are executed in order afterwards. */
  @Test
  void keepsOrderOfMessagesThatWaited() throws Exception {
    int writes = 100_000;
    try (TestServer served = serve();
        VfioUserClient vmm = served.connect();
        ControlClient control = connectControl()) {
      for (DeviceState state : new DeviceState[] {DeviceState.STOP_COPY, DeviceState.STOP}) {
        served.device().recordedWrites.clear();
        control.device().moveTo(state);
        BackgroundTask<Boolean> posts = BackgroundTask.start("vcpu", () -> post(vmm, writes));
        TimeUnit.MILLISECONDS.sleep(300);
        assertThat(served.device().recordedWrites).isEmpty();
        assertThat(posts.thread().isAlive()).as("more than the socket holds is to be sent").isTrue();
        control.device().moveTo(DeviceState.RUNNING);
        assertThat(posts.result()).isTrue();
        assertThat(vmm.readInt(TestDevice.BAR0, TestDevice.RECORDED)).isEqualTo(writes);
        int expected = 1;
        for (String line : served.device().recordedWrites) {
          assertThat(line).startsWith("80: %08x".formatted(Integer.reverseBytes(expected++)));
        }
        assertThat(expected - 1).isEqualTo(writes);
      }
    }
  }

  /** Posts writes of 64 bytes that begin with their number, from 1. */
  private static boolean post(VfioUserClient vmm, int writes) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(64);
      for (int i = 1; i <= writes; i++) {
        data.set(ValueLayout.JAVA_INT, 0, i);
        vmm.regions().postWrite(TestDevice.BAR0, TestDevice.RECORDED, data);
      }
    }
    return true;
  }

  @Test
  void vmmThatDisconnectsDuringHoldLeavesDeviceToTheNext() throws Exception {
    for (DeviceState state : new DeviceState[] {DeviceState.PRE_COPY, DeviceState.STOP_COPY, DeviceState.STOP,
        DeviceState.RESUMING}) {
      try (TestServer served = serve(); ControlClient control = connectControl()) {
        try (VfioUserClient vmm = served.connect()) {
          vmm.writeInt(TestDevice.BAR0, TestDevice.SCRATCH, 1);
          control.device().moveTo(state);
        }
        control.device().reset();
        try (VfioUserClient next = served.connect()) {
          assertThat(next.readInt(TestDevice.BAR0, TestDevice.SCRATCH)).isZero();
          assertThat(next.state()).isEqualTo(DeviceState.RUNNING);
          assertUsable(next);
        }
      }
    }
  }

  /** A move waits for the end of an access of the device to memory of the VMM. */
  @Test
  void moveWaitsForDmaByMessage() throws Exception {
    try (TestServer served = serve();
        RawPeer vmm = served.connectNegotiated();
        ControlClient control = connectControl()) {
      vmm.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x10000, 0x1000));
      vmm.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(TestDevice.BAR0, TestDevice.ADDRESS, 8).u64(0x10000));
      vmm.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(TestDevice.BAR0, TestDevice.LENGTH, 4).u32(8));
      vmm.send(RawPeer.command(7, Command.REGION_WRITE,
          MessageBytes.regionAccess(TestDevice.BAR0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_READ)));
      RawPeer.Message read = vmm.receive();
      assertThat(read.command()).isEqualTo(Command.DMA_READ.wireValue());
      BackgroundTask<Boolean> move = BackgroundTask.start("move", () -> {
        control.device().moveTo(DeviceState.STOP_COPY);
        return true;
      });
      TimeUnit.MILLISECONDS.sleep(100);
      assertThat(move.thread().isAlive()).isTrue();
      assertThat(served.device().state()).isEqualTo(DeviceState.RUNNING);
      vmm.send(read.reply(MessageBytes.empty().u64(0x10000, 8, 42)));
      assertThat(vmm.reply(7, Command.REGION_WRITE).errno()).isZero();
      assertThat(move.result()).isTrue();
      assertThat(served.device().memory().get(ValueLayout.JAVA_LONG, 0)).isEqualTo(42);
      control.device().moveTo(DeviceState.RUNNING);
      vmm.succeed(Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0));
    }
  }

  /** More messages at once than the device's thread handles in a turn are all answered, in order. */
  @Test
  void servesMessagesThatArriveTogetherWithoutVmm() throws Exception {
    int count = 1500; // Many times what the thread handles at once.
    try (TestServer _ = serve(); RawPeer peer = connectNegotiated()) {
      MessageBytes all = MessageBytes.empty();
      for (int id = 0; id < count; id++) {
        all.bytes(RawPeer.command(id, Command.DEVICE_GET_INFO, MessageBytes.empty().u32(16, 0, 0, 0)));
      }
      peer.send(all.toBytes());
      assertThat(peer.receive(count)).extracting(RawPeer.Message::id)
          .containsExactlyElementsOf(IntStream.range(0, count).boxed().toList());
    }
  }
}
