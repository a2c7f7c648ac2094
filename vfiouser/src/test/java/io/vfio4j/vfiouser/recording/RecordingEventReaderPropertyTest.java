// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.vfiouser.testing.Property;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.wire.Header;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages are reassembled however system calls split them, and any bytes can be decoded. */
class RecordingEventReaderPropertyTest {

  private static final int MAX_BYTES = 1 << 20;
  private static final int COMMANDS = 21;

  @TempDir
  private Path folder;

  private static byte[] message(RandomGenerator random, int maxBody) {
    byte[] body = new byte[random.nextInt(maxBody)];
    random.nextBytes(body);
    return RawPeer.header(random.nextInt(1 << 16), random.nextInt(COMMANDS), Header.SIZE + body.length,
        random.nextInt(256), random.nextInt(200)).bytes(body).toBytes();
  }

  private static void record(Recording.Connection connection, boolean fromClient, byte[] bytes,
      RandomGenerator random) {
    for (int at = 0; at < bytes.length;) {
      int size = Math.min(bytes.length - at, 1 + random.nextInt(300));
      MemorySegment piece = MemorySegment.ofArray(bytes).asSlice(at, size);
      if (fromClient) {
        connection.recordReceived(0, piece, List.of());
      } else {
        connection.recordSent(0, piece, MemorySegment.NULL, List.of());
      }
      at += size;
    }
  }

  @Test
  void reassemblesMessages() {
    Property.holdsFor(200, random -> {
      Path file = folder.resolve("a.rec");
      List<String> expected = new ArrayList<>();
      try (Recording recording = Recording.create(file, line -> {
        throw new AssertionError(line);
      })) {
        Recording.Connection connection = recording.recordConnect("any");
        int turns = 1 + random.nextInt(6);
        for (int turn = 0; turn < turns; turn++) {
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          boolean fromClient = random.nextBoolean();
          int count = 1 + random.nextInt(4);
          for (int i = 0; i < count; i++) {
            byte[] message = message(random, 500);
            bytes.writeBytes(message);
            expected.add(fromClient + HexFormat.of().formatHex(message));
          }
          record(connection, fromClient, bytes.toByteArray(), random);
        }
        connection.recordDisconnect("");
      }
      assertThat(read(file)).isEqualTo(expected);
    });
  }

  private static List<String> read(Path file) throws Exception {
    List<String> found = new ArrayList<>();
    try (RecordingReader reader = new RecordingReader(Files.newInputStream(file))) {
      RecordingEventReader messages = new RecordingEventReader(reader, MAX_BYTES);
      for (RecordingEvent event = messages.next(); event != null; event = messages.next()) {
        if (event instanceof RecordingEvent.Message message) {
          found.add(message.fromClient()
              + HexFormat.of().formatHex(message.bytes().toArray(ValueLayout.JAVA_BYTE)));
        }
      }
    }
    return found;
  }

  @Test
  void decodesRandomBytes() {
    Property.holdsFor(20_000, random -> {
      byte[] message = message(random, 80);
      DecodedMessage decoded = DecodedMessage.of(MemorySegment.ofArray(message), message.length);

      assertThat(decoded.dataSize()).isBetween(0L, (long) message.length - Header.SIZE);
      assertThat(decoded.command()).isNotEmpty();
      assertThat(decoded.error().isPresent()).isEqualTo((message[8] & Header.ERROR) != 0);
    });
  }
}
