// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vfio4j.linux.EventFd;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionTest {

  /** The VERSION of QEMU 11.1: 214 bytes with the NUL and the two version numbers, without the header. */
  private static final String QEMU =
      "{\"capabilities\":{\"migration\":{\"pgsize\":4096,\"max_bitmap_size\":268435456},"
          + "\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"pgsizes\":4096,\"max_dma_maps\":65535,"
          + "\"write_multiple\":true}}";

  @TempDir
  private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {
      "[]", "1", "null", "\"capabilities\"", "", " ", "{", "{\"capabilities\":", "{}{}", "{} x", "nonsense",
      "{'capabilities':{}}", "{capabilities:{}}", "{\"capabilities\":[]}", "{\"capabilities\":null}",
      "{\"capabilities\":{\"max_msg_fds\":\"8\"}}", "{\"capabilities\":{\"max_msg_fds\":true}}",
      "{\"capabilities\":{\"max_msg_fds\":null}}", "{\"capabilities\":{\"max_msg_fds\":[8]}}",
      "{\"capabilities\":{\"max_msg_fds\":NaN}}", "{\"capabilities\":{\"max_msg_fds\":Infinity}}",
      "{\"capabilities\":{\"max_msg_fds\":-1}}", "{\"capabilities\":{\"max_msg_fds\":1.5}}",
      "{\"capabilities\":{\"max_msg_fds\":1e-2147483647}}",
      "{\"capabilities\":{\"max_msg_fds\":1e9999999999}}",
      "{\"capabilities\":{\"max_msg_fds\":-1e2147483648}}",
      "{\"capabilities\":{\"max_data_xfer_size\":123456789012345678901234567890}}",
      "{\"capabilities\":{\"max_data_xfer_size\":0}}", "{\"capabilities\":{\"max_data_xfer_size\":-1}}",
      "{\"capabilities\":{\"max_dma_maps\":0}}", "{\"capabilities\":{\"pgsizes\":\"4096\"}}",
      "{\"capabilities\":{\"migration\":1}}", "{\"capabilities\":{\"migration\":{\"pgsize\":{}}}}",
      "{\"capabilities\":{\"migration\":{\"max_bitmap_size\":0}}}",
      "{\"capabilities\":{\"twin_socket\":true}}",
      "{\"capabilities\":{\"twin_socket\":{\"supported\":1}}}", "{\"capabilities\":{\"write_multiple\":1}}",
      "{\"capabilities\":{\"vfio4j\":true}}", "{\"capabilities\":{\"vfio4j\":{\"keep_state\":\"yes\"}}}"})
  void refusesMistypedCapabilities(String json) throws Exception {
    assertRefused(MessageBytes.version(1, json).toBytes());
  }

  @Test
  void refusesDeepNesting() throws Exception {
    assertRefused(MessageBytes.version(1, "{\"x\":" + "[".repeat(3000)).toBytes());
    assertRefused(MessageBytes.version(1, "{\"x\":" + "[".repeat(1500) + "]".repeat(1500) + "}").toBytes());
  }

  @Test
  void refusesTextWithoutNul() throws Exception {
    assertRefused(MessageBytes.empty().u16(0).u16(1).text("{\"capabilities\":{}}").toBytes());
  }

  @Test
  void refusesInvalidUtf8() throws Exception {
    assertRefused(
        MessageBytes.empty().u16(0).u16(1).text("{\"").bytes((byte) 0xff).text("\":1}").zeros(1).toBytes());
  }

  private void assertRefused(byte[] version) throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectRaw()) {
        peer.assertRefused(Errno.EINVAL, Command.VERSION, MessageBytes.empty().bytes(version));
        peer.assertEnd();
        assertThat(served.log().take()).startsWith("connection failed: ")
            .endsWith("EINVAL (invalid argument)");
      }
      served.assertServesNext();
    }
  }

  @Test
  void refusesAndClosesDescriptors() throws Exception {
    try (TestServer served = TestServer.start(folder); EventFd event = EventFd.create()) {
      var before = ProcessResources.openFds();
      try (RawPeer peer = served.connectRaw()) {
        peer.assertRefused(Errno.EINVAL, Command.VERSION, MessageBytes.version(1, RawPeer.CAPABILITIES),
            event.fd());
        peer.assertEnd();
      }
      ProcessResources.awaitFds(before);
    }
  }

  @Test
  void omitsCapabilitiesBeyondRequestLength() throws Exception {
    MessageBytes request = MessageBytes.version(0, QEMU);
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      RawPeer.Message reply = peer.succeed(Command.VERSION, request);
      assertThat(reply.body().length).isLessThanOrEqualTo(request.toBytes().length);
      assertThat(reply.fields().getShort(0)).isZero();
      assertThat(reply.fields().getShort(2)).isZero();
      JsonObject capabilities = capabilities(reply);
      assertThat(capabilities.get("max_data_xfer_size").getAsInt()).isEqualTo(1 << 20);
      assertThat(capabilities.get("max_msg_fds").getAsInt()).isEqualTo(8);
      assertThat(capabilities.getAsJsonObject("migration").get("max_bitmap_size").getAsInt())
          .isEqualTo(32 << 20);
      assertThat(capabilities.has("vfio4j")).isFalse();
      assertThat(capabilities.get("write_multiple").getAsBoolean()).isTrue();
    }
  }

  @Test
  void omitsJsonForClientWithout() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      RawPeer.Message reply = peer.succeed(Command.VERSION, MessageBytes.empty().u16(0).u16(1));
      assertThat(reply.body()).containsExactly(0, 0, 1, 0);
      peer.assertNoReply();
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "2, 2", "3, 2", "65535, 2"})
  void negotiatesLowerMinor(int request, int granted) throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      RawPeer.Message reply =
          peer.succeed(Command.VERSION, MessageBytes.version(request, RawPeer.CAPABILITIES));
      assertThat(reply.fields().getShort(2)).isEqualTo((short) granted);
    }
  }

  @Test
  void negotiatesLowerLimits() throws Exception {
    ServerOptions options = ServerOptions.DEFAULT.withLimits(new Limits(4, 8192, 2, 1 << 20));
    try (TestServer served = TestServer.start(folder, options); RawPeer peer = served.connectRaw()) {
      JsonObject granted = capabilities(peer.negotiate(
          "{\"capabilities\":{\"max_data_xfer_size\":4096,\"max_msg_fds\":100000,\"max_dma_maps\":1e30,\"new\":[]}}"));
      assertThat(granted.toString())
          .isEqualTo("{\"max_msg_fds\":4,\"max_data_xfer_size\":4096,\"max_dma_maps\":2}");
      peer.assertRefused(Errno.EINVAL, Command.REGION_READ,
          MessageBytes.regionAccess(TestDevice.BAR2, 0, 4097));
      peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(TestDevice.BAR2, 0, 4096));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x1000, 0x1000));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x2000, 0x1000));
      peer.assertRefused(Errno.ENOSPC, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x3000, 0x1000));
    }
  }

  @Test
  void answersNamedCapabilitiesOnly() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      JsonObject granted = capabilities(peer.negotiate(
          "{\"capabilities\":{\"vfio4j\":{\"precopy_info\":true,\"of_later\":true}}}"));
      assertThat(granted.toString()).isEqualTo("{\"vfio4j\":{\"precopy_info\":true}}");
    }
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      JsonObject granted =
          capabilities(peer.negotiate("{\"capabilities\":{\"vfio4j\":{\"memory_kinds\":true}}}"));
      assertThat(granted.toString()).isEqualTo("{\"vfio4j\":{\"memory_kinds\":true}}");
    }
  }

  @Test
  void ignoresBytesAfterNul() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      peer.succeed(Command.VERSION, MessageBytes.version(1, RawPeer.CAPABILITIES).text("}} padding"));
    }
  }

  private static JsonObject capabilities(RawPeer.Message reply) {
    byte[] body = reply.body();
    assertThat(body[body.length - 1]).isZero();
    return JsonParser.parseString(new String(body, 4, body.length - 5, StandardCharsets.UTF_8))
        .getAsJsonObject()
        .getAsJsonObject("capabilities");
  }
}
