// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.linux.EventFd;
import io.vfio4j.vfiouser.recording.Recording;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectTest {

  private static final int DAMAGES = 300;

  @TempDir
  private Path folder;

  private Path path() {
    return folder.resolve("a.rec");
  }

  private static MemorySegment message(int id, int command, int flags, int errno, int... words) {
    ByteBuffer buffer = ByteBuffer.allocate(16 + 4 * words.length).order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) id).putShort((short) command).putInt(16 + 4 * words.length).putInt(flags)
        .putInt(errno);
    for (int word : words) {
      buffer.putInt(word);
    }
    return MemorySegment.ofArray(buffer.array());
  }

  private static MemorySegment version(String json) {
    byte[] text = (json + "\0").getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer =
        ByteBuffer.allocate(20 + text.length).order(ByteOrder.LITTLE_ENDIAN).putShort((short) 1)
            .putShort((short) 1).putInt(20 + text.length).putLong(0).putShort((short) 0).putShort((short) 1)
            .put(text);
    return MemorySegment.ofArray(buffer.array());
  }

  private void record() throws IOException {
    try (Recording recording = Recording.create(path(), line -> {
    }); EventFd event = EventFd.create()) {
      Recording.Connection connection = recording.recordConnect("a \u001b[31mdevice");
      connection.recordReceived(0, version("{\"a\":\"\u001b[2J\"}"), List.of());
      connection.recordReceived(0, message(7, 16, 0, 0, 16, 0x20002, 6, 0), List.of(event.fd()));
      connection.recordSent(0, message(7, 16, 0x21, 22), MemorySegment.NULL, List.of());
      connection.recordSent(1, message(0, 12, 0x10, 0, 0x1000, 1, 8, 0, 1, 2), MemorySegment.NULL, List.of());
      connection.recordReceived(0, message(8, 999, 2, 0), List.of());
      connection.recordReceived(0, message(9, 4, 0, 0, 16).asSlice(0, 18), List.of());
      connection.recordDisconnect("it was \u202e over");
    }
  }

  @Test
  void printsRecording() throws Exception {
    record();

    CommandRun run = CommandRun.vfio4j("inspect", path().toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.out()).doesNotContain("\u001b", "\u202e");
    assertThat(run.out().lines().map(line -> line.replaceFirst("^1 +\\d+\\.\\d{6} ", ""))).satisfiesExactly(
        line -> assertThat(line).startsWith("connection 1 to a \ufffd[31mdevice, 20"),
        line -> assertThat(line).isEqualTo("> VERSION #1 major=0 minor=1 {\"a\":\"\ufffd[2J\"}"),
        line -> assertThat(line)
            .isEqualTo(
                "> DEVICE_FEATURE #7 argsz=16 flags=MIG_DEVICE_STATE|set state=PRE_COPY data_fd=0 fds=[eventfd]"),
        line -> assertThat(line).isEqualTo("< DEVICE_FEATURE #7 reply error EINVAL (invalid argument)"),
        line -> assertThat(line).isEqualTo("< twin DMA_WRITE #0 no reply address=0x100001000 count=8 "
            + "data=0100000002000000"),
        line -> assertThat(line).isEqualTo("> command 999 #8 of an unknown type"),
        line -> assertThat(line).isEqualTo("> 18 of the 20 bytes of a message"),
        line -> assertThat(line).isEqualTo("connection 1 ended: it was \ufffd over"));
  }

  @Test
  void printsRecordingAsJson() throws Exception {
    record();

    CommandRun run = CommandRun.vfio4j("inspect", "--json", path().toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.events()).extracting(event -> event.get("event").getAsString()).containsExactly(
        "connected",
        "message", "message", "message", "message", "message", "incomplete", "disconnected");
    JsonObject set = run.events().get(2);
    assertThat(set.get("from").getAsString()).isEqualTo("client");
    assertThat(set.get("command").getAsString()).isEqualTo("DEVICE_FEATURE");
    assertThat(set.getAsJsonObject("fields").get("argsz").getAsInt()).isEqualTo(16);
    assertThat(set.getAsJsonObject("fields").get("state").getAsString()).isEqualTo("PRE_COPY");
    assertThat(set.getAsJsonArray("fds").get(0).getAsJsonObject().get("kind").getAsString())
        .isEqualTo("eventfd");
    assertThat(run.events().get(3).get("error").getAsString()).isEqualTo("EINVAL");
  }

  @Test
  void printsTruncatedRecordingUpToCut() throws Exception {
    record();
    byte[] whole = Files.readAllBytes(path());
    Files.write(path(), Arrays.copyOf(whole, whole.length - 5));

    CommandRun run = CommandRun.vfio4j("inspect", path().toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.out().lines().toList().getLast()).endsWith("> 18 of the 20 bytes of a message");
    assertThat(run.err())
        .matches("vfio4j: the recording cannot be read from byte \\d+ on: the file is truncated within"
            + " a record \\(5 messages before that\\)\\n");
  }

  @Test
  void rejectsOtherFiles() throws Exception {
    for (String content : List.of("", "VFIO", "precious text")) {
      Files.writeString(path(), content);

      CommandRun run = CommandRun.vfio4j("inspect", path().toString());

      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).isEqualTo(
          "vfio4j: %s was not written by vfio4j; this version reads recordings, saved states%n"
              .formatted(path()));
    }
  }

  @Test
  void reportsAnyDamageWithoutStackTrace() throws Exception {
    record();
    byte[] whole = Files.readAllBytes(path());
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < DAMAGES; i++) {
      byte[] damaged = Arrays.copyOf(whole, 1 + random.nextInt(whole.length));
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      Files.write(path(), damaged);

      CommandRun run = CommandRun.vfio4j("inspect", path().toString());

      assertThat(run.err()).as("seed %d, case %d", seed, i).doesNotContain("internal error");
    }
  }
}
