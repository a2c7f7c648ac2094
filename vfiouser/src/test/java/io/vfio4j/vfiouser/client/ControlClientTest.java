// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.UnixServerSocket;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.BackgroundTask;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Command;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Control clients of servers whose replies are a script of the test. */
class ControlClientTest {

  private static final String CONTROL = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":64,"
      + "\"vfio4j\":{\"control\":true,\"reasons\":true}}}";

  @TempDir
  private Path folder;

  /** Replies to a command of a control socket; null for an error reply. */
  @FunctionalInterface
  private interface Script {
    byte @Nullable [] reply(RawPeer.Message request, RawPeer peer) throws IOException;
  }

  /** A server for one client. */
  private final class Server implements AutoCloseable {
    private final UnixServerSocket socket;
    private final BackgroundTask<Boolean> run;
    private final List<RawPeer.Message> received = new CopyOnWriteArrayList<>();
    private final ControlClient client;

    Server(String name, String json, Script script) throws Exception {
      Path path = folder.resolve(name);
      socket = UnixServerSocket.bind(path);
      run = BackgroundTask.start(name, () -> serve(json, script));
      try {
        client = ControlClient.connect(path, ClientOptions.DEFAULT);
      } catch (DeviceException e) {
        assertThat(run.result()).isTrue();
        socket.close();
        throw e;
      }
    }

    private boolean serve(String json, Script script) throws IOException {
      UnixSocket accepted = socket.accept();
      try (RawPeer peer = new RawPeer(accepted)) {
        while (true) {
          RawPeer.Message request = peer.receive();
          byte[] reply = switch (request.command()) {
            case 1 -> request.reply(MessageBytes.version(1, json));
            case 4 -> request.reply(MessageBytes.empty().u32(16, 3, 9, 5));
            case 9 -> request.reply(MessageBytes.empty().bytes(request.body())
                .zeros(request.fields().getInt(12)));
            default -> script(request, peer, script);
          };
          if (reply.length > 0) {
            peer.send(reply);
          }
        }
      } catch (EOFException e) {
        return true;
      }
    }

    private byte[] script(RawPeer.Message request, RawPeer peer, Script script) throws IOException {
      if (request.command() < 0xff10) {
        return request.error(Errno.ENOTTY.number());
      }
      received.add(request);
      byte[] reply = script.reply(request, peer);
      return reply == null ? request.error(Errno.ESTALE.number()) : reply;
    }

    @Override
    public void close() {
      client.close();
      try {
        assertThat(run.result()).isTrue();
      } catch (Exception e) {
        throw new AssertionError("the server failed", e);
      }
      socket.close();
    }
  }

  private static MessageBytes info(int flags, long maxHold) {
    return MessageBytes.empty().u32(72, flags).u64(1_700_000_000_123L).u32(4711, 1000, 3, 5)
        .u64(1L << 33, maxHold, 0xfedc_ba98_7654_3210L, 0b101, 77);
  }

  @Test
  void decodesAllFieldsOfInfo() throws Exception {
    try (Server server = new Server("a", CONTROL, (request, _) -> request.reply(info(0xf, 4_000_000_000L)))) {
      ControlInfo info = server.client.info();
      assertThat(info).isEqualTo(new ControlInfo(Optional.of(
          new ControlInfo.Vmm(0xfedc_ba98_7654_3210L, Instant.ofEpochMilli(1_700_000_000_123L), 4711, 1000, 3,
              1L << 33, 5)),
          true, true, true, Duration.ofSeconds(4), 0b101, 77));
      assertThat(info.token()).isEqualTo(0xfedc_ba98_7654_3210L);
      assertThat(info.vmm().orElseThrow().isEnabled(2)).isTrue();
      assertThat(info.vmm().orElseThrow().isEnabled(1)).isFalse();
      assertThat(server.received.getFirst().body())
          .isEqualTo(MessageBytes.empty().u32(72, 0).toBytes());
    }
  }

  @Test
  void decodesEachFlag() throws Exception {
    int[] flags = {0};
    try (Server server = new Server("a", CONTROL, (request, _) -> request.reply(info(flags[0], 1)))) {
      for (int i = 0; i < 16; i++) {
        flags[0] = i;
        ControlInfo info = server.client.info();
        assertThat(info.vmm().isPresent()).isEqualTo((i & 1) != 0);
        assertThat(info.isStaged()).isEqualTo((i & 2) != 0);
        assertThat(info.isHeld()).isEqualTo((i & 4) != 0);
        assertThat(info.isSurrendered()).isEqualTo((i & 8) != 0);
      }
    }
  }

  @Test
  void rejectsInvalidInfo() throws Exception {
    for (MessageBytes reply : List.of(info(1, -1), MessageBytes.empty().bytes(info(1, 1).toBytes(63)))) {
      try (Server server = new Server("a", CONTROL, (request, _) -> request.reply(reply))) {
        assertThatExceptionOfType(DeviceLostException.class).isThrownBy(server.client::info);
      }
    }
  }

  @Test
  void refusesSocketOfDevice() {
    for (String json : List.of(RawPeer.CAPABILITIES, CONTROL.replace("\"control\":true,", ""))) {
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> new Server("a", json, (_, _) -> null))
          .withMessageContaining("not a control socket")
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPROTOTYPE));
    }
  }

  @Test
  void sendsTokens() throws Exception {
    try (Server server = new Server("a", CONTROL, (request, _) -> request.command() == 0xff13
        ? request.reply(MessageBytes.empty().bytes(request.body())) : null)) {
      server.client.surrender(0x8000_0000_0000_0001L);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(() -> server.client.release(7))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE));
      assertThat(server.received).extracting(RawPeer.Message::body).containsExactly(
          MessageBytes.empty().u32(16, 0).u64(0x8000_0000_0000_0001L).toBytes(),
          MessageBytes.empty().u32(16, 0).u64(7).toBytes());
    }
  }

  private static MessageBytes part(int flags, int number, byte[] data) {
    return MessageBytes.empty().u32(16 + data.length, flags, number, data.length).bytes(data);
  }

  /** Sends three parts, each with as many descriptors as its number. */
  private static byte[] export(RawPeer.Message request, RawPeer peer, EventFd eventFd) throws IOException {
    int number = request.fields().getInt(8);
    assertThat(request.command()).isEqualTo(Command.CONNECTION_EXPORT.wireValue());
    assertThat(request.fields().getInt(12)).isEqualTo(64);
    byte[] reply = request.reply(part(number == 2 ? 1 : 0, number, new byte[10 + number]));
    Fd[] fds = new Fd[number];
    Arrays.fill(fds, eventFd.fd());
    peer.send(reply, fds);
    return new byte[0];
  }

  @Test
  void passesPartsWithTheirDescriptors() throws Exception {
    try (EventFd eventFd = EventFd.create()) {
      List<Integer> counts = new ArrayList<>();
      var before = ProcessResources.openFds();
      try (Server from = new Server("a", CONTROL, (request, peer) -> export(request, peer, eventFd));
          Server to = new Server("b", CONTROL, (request, peer) -> {
            counts.add(peer.fds().count());
            peer.fds().close();
            return request.reply(MessageBytes.empty().bytes(request.body()));
          })) {
        var connected = ProcessResources.openFds();
        from.client.passConnection(to.client);
        assertThat(ProcessResources.openFds()).isEqualTo(connected);
        assertThat(to.received).extracting(RawPeer.Message::body).containsExactly(
            part(0, 0, new byte[10]).toBytes(), part(0, 1, new byte[11]).toBytes(),
            part(1, 2, new byte[12]).toBytes());
        assertThat(counts).containsExactly(0, 1, 2);
      }
      assertThat(ProcessResources.openFds()).isEqualTo(before);
    }
  }

  @Test
  void closesDescriptorsIfTargetRefuses() throws Exception {
    try (EventFd eventFd = EventFd.create();
        Server from = new Server("a", CONTROL, (request, peer) -> export(request, peer, eventFd));
        Server to = new Server("b", CONTROL, (request, peer) -> {
          int number = request.fields().getInt(8);
          peer.fds().close();
          return number < 2 ? request.reply(MessageBytes.empty().bytes(request.body())) : null;
        })) {
      var connected = ProcessResources.openFds();
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> from.client.passConnection(to.client))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE));
      assertThat(ProcessResources.openFds()).isEqualTo(connected);
    }
  }

  /** A part of another number, longer than requested, or of another size than its data. */
  @Test
  void rejectsInvalidPartsAndClosesTheirDescriptors() throws Exception {
    for (MessageBytes invalid : List.of(part(1, 1, new byte[4]), part(1, 0, new byte[65]),
        MessageBytes.empty().u32(20, 1, 0, 5).zeros(4), MessageBytes.empty().u32(16, 1, 0, -1))) {
      try (EventFd eventFd = EventFd.create();
          Server from = new Server("a", CONTROL, (request, peer) -> {
            peer.send(request.reply(invalid), eventFd.fd());
            return new byte[0];
          });
          Server to = new Server("b", CONTROL, (_, _) -> null)) {
        long eventFds = eventFds();
        assertThatExceptionOfType(DeviceLostException.class)
            .isThrownBy(() -> from.client.passConnection(to.client));
        assertThat(eventFds()).isEqualTo(eventFds);
        assertThat(to.received).isEmpty();
      }
    }
  }

  private static long eventFds() throws IOException {
    return ProcessResources.openFds().getOrDefault("anon_inode:[eventfd]", 0L);
  }
}
