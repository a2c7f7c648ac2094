// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recordings by a server, read back as messages. */
class RecordedConnectionTest {

  private static final int MAX_BYTES = 8192;

  @TempDir
  private Path folder;

  private List<RecordingEvent> events() throws Exception {
    List<RecordingEvent> events = new ArrayList<>();
    try (RecordingReader reader = new RecordingReader(Files.newInputStream(folder.resolve("a.rec")))) {
      RecordingEventReader messages = new RecordingEventReader(reader, MAX_BYTES);
      for (RecordingEvent event = messages.next(); event != null; event = messages.next()) {
        events.add(event);
      }
    }
    return events;
  }

  private static List<RecordingEvent.Message> messages(List<RecordingEvent> events) {
    return events.stream().filter(RecordingEvent.Message.class::isInstance)
        .map(RecordingEvent.Message.class::cast)
        .toList();
  }

  private ServerOptions recording(Recording recording) {
    return ServerOptions.DEFAULT.withRecording(recording);
  }

  @Test
  void recordsEveryMessage() throws Exception {
    try (Recording recording = Recording.create(folder.resolve("a.rec"), line -> {
    })) {
      try (TestServer served = TestServer.start(folder, recording(recording))) {
        try (RawPeer peer = served.connectNegotiated(); Fd memory = Memfd.create("guest", 65536);
            EventFd event = EventFd.create()) {
          peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x10000, 65536), memory);
          peer.succeed(Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 1), event.fd());
          peer.succeed(Command.DEVICE_FEATURE,
              MessageBytes.feature(0x20002, 8).u32(DeviceState.PRE_COPY.wireValue(), 0));
          assertThat(peer.call(Command.REGION_READ, MessageBytes.regionAccess(77, 0, 4)).isError()).isTrue();
        }
      }
    }
    List<RecordingEvent> events = events();

    assertThat(events.getFirst()).isInstanceOf(RecordingEvent.Connected.class);
    assertThat(events.getLast()).isInstanceOfSatisfying(RecordingEvent.Disconnected.class,
        disconnected -> assertThat(disconnected.reason()).isEmpty());
    List<RecordingEvent.Message> messages = messages(events);
    assertThat(messages).extracting(message -> message.decode().command()).containsExactly("VERSION",
        "VERSION",
        "DMA_MAP", "DMA_MAP", "DEVICE_SET_IRQS", "DEVICE_SET_IRQS", "DEVICE_FEATURE", "DEVICE_FEATURE",
        "REGION_READ",
        "REGION_READ");
    assertThat(messages).extracting(RecordingEvent.Message::fromClient).containsExactly(true, false, true,
        false, true,
        false, true, false, true, false);
    RecordingEvent.Message map = messages.get(2);
    assertThat(map.fds()).singleElement().satisfies(fd -> {
      assertThat(fd.kind()).isEqualTo(FdKind.MEMFD);
      assertThat(fd.size()).isEqualTo(65536);
    });
    assertThat(map.decode().fields()).extracting(field -> field.name() + "=" + field.text())
        .containsExactly("argsz=32", "flags=read|write", "offset=0x0", "address=0x10000", "size=0x10000");
    assertThat(messages.get(4).fds()).singleElement()
        .satisfies(fd -> assertThat(fd.kind()).isEqualTo(FdKind.EVENTFD));
    assertThat(messages.get(6).decode().fields()).extracting(DecodedMessage.Field::text)
        .containsExactly("16", "MIG_DEVICE_STATE|set", "PRE_COPY", "0");
    assertThat(messages.getLast().decode().error()).contains(Errno.EINVAL);
    assertThat(messages.getFirst().decode().text())
        .hasValueSatisfying(text -> assertThat(text).contains("max_msg_fds"));
  }

  @Test
  void recordsConnectionsAndTheirEnds() throws Exception {
    try (Recording recording = Recording.create(folder.resolve("a.rec"), line -> {
    })) {
      try (TestServer served = TestServer.start(folder, recording(recording))) {
        try (RawPeer peer = served.connectNegotiated()) {
          peer.send(RawPeer.header(1, 9, 5, 0, 0).toBytes());
          peer.receive();
          peer.assertEnd();
        }
        assertThat(served.log().take()).isEqualTo("connection failed: a message of 5 bytes");
        try (RawPeer peer = served.connectNegotiated()) {
          // Incomplete: the recording shows how much of the message arrived.
          peer.send(RawPeer.header(1, 4, 32, 0, 0).u32(16, 0).toBytes());
        }
        assertThat(served.log().take()).isEqualTo("connection failed: the connection ended within a message");
      }
    }
    List<RecordingEvent> events = events();

    assertThat(
        events.stream().filter(RecordingEvent.Disconnected.class::isInstance)
            .map(RecordingEvent.Disconnected.class::cast)
            .map(RecordingEvent.Disconnected::reason))
        .startsWith("a message of 5 bytes",
            "the connection ended within a message");
    assertThat(
        events.stream().filter(RecordingEvent.IncompleteMessage.class::isInstance)
            .map(RecordingEvent.IncompleteMessage.class::cast)
            .map(RecordingEvent.IncompleteMessage::reason))
        .containsExactly("a message of 5 bytes, and the bytes after it",
            "24 of the 32 bytes of a message");
    assertThat(messages(events).getLast().connection()).isEqualTo(2);
  }
}
