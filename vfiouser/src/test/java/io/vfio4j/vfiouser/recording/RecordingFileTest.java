// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.testkit.Seeds;
import java.io.ByteArrayInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recordings as files: reading, truncation, damage, and the limits of writing. */
class RecordingFileTest {

  private static final int SENT_BYTES = 200_000;

  @TempDir
  private Path folder;
  private final List<String> log = new ArrayList<>();

  private Path path() {
    return folder.resolve("a.rec");
  }

  private static MemorySegment bytes(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (i * 7);
    }
    return MemorySegment.ofArray(bytes);
  }

  private void recordConnections() throws IOException {
    try (Recording recording = Recording.create(path(), log::add); Fd memory = Memfd.create("guest", 8192);
        EventFd event = EventFd.create()) {
      Recording.Connection first = recording.recordConnect("one");
      Recording.Connection second = recording.recordConnect("two");
      first.recordReceived(0, bytes(3), List.of(memory, event.fd()));
      second.recordSent(1, bytes(16), bytes(SENT_BYTES), List.of());
      first.recordDisconnect("why");
      second.recordDisconnect("");
    }
  }

  private static List<RecordingEntry> readAll(byte[] file) throws IOException {
    List<RecordingEntry> all = new ArrayList<>();
    try (RecordingReader reader = new RecordingReader(new ByteArrayInputStream(file))) {
      for (RecordingEntry next = reader.next(); next != null; next = reader.next()) {
        all.add(next);
      }
    }
    return all;
  }

  @Test
  void readsRecordedEntries() throws Exception {
    recordConnections();

    List<RecordingEntry> all = readAll(Files.readAllBytes(path()));

    assertThat(all).extracting(RecordingEntry::kind)
        .startsWith(RecordKind.CONNECTED, RecordKind.CONNECTED, RecordKind.RECEIVED,
            RecordKind.SENT)
        .endsWith(RecordKind.DISCONNECTED, RecordKind.DISCONNECTED);
    assertThat(all.get(0).text()).isEqualTo("one");
    RecordingEntry received = all.get(2);
    assertThat(received.connection()).isEqualTo(1);
    assertThat(received.data().mismatch(bytes(3))).isEqualTo(-1);
    assertThat(received.fds()).extracting(RecordedFd::kind).containsExactly(FdKind.MEMFD, FdKind.EVENTFD);
    assertThat(received.fds().getFirst().size()).isEqualTo(8192);
    List<RecordingEntry> sent = all.stream().filter(one -> one.kind() == RecordKind.SENT).toList();
    assertThat(sent).allSatisfy(one -> assertThat(one.channel()).isEqualTo(1));
    assertThat(sent.stream().mapToLong(one -> one.data().byteSize()).sum()).isEqualTo(16 + SENT_BYTES);
    assertThat(all.get(all.size() - 2).text()).isEqualTo("why");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path()))).isEqualTo("rw-------");
    assertThat(log).isEmpty();
  }

  @Test
  void readsTruncatedFileToItsEnd() throws Exception {
    recordConnections();
    byte[] whole = Files.readAllBytes(path());
    List<Long> ends = new ArrayList<>();
    try (RecordingReader reader = new RecordingReader(new ByteArrayInputStream(whole))) {
      do {
        ends.add(reader.offset());
      } while (reader.next() != null);
    }
    // Every length within the small records at the beginning, and in steps through the large ones.
    for (int length = 0; length < whole.length; length += length < 500 ? 1 : 997) {
      byte[] truncated = Arrays.copyOf(whole, length);
      int at = length;
      long records = ends.stream().distinct().filter(end -> end <= at).count() - 1;
      List<RecordingEntry> read = new ArrayList<>();
      if (ends.contains((long) length)) {
        read.addAll(readAll(truncated));
      } else {
        assertThatExceptionOfType(RecordingException.class).isThrownBy(() -> readInto(read, truncated));
      }
      assertThat(read).as("truncated to %d bytes", length).hasSize((int) Math.max(0, records));
    }
  }

  private static void readInto(List<RecordingEntry> read, byte[] file) throws IOException {
    try (RecordingReader reader = new RecordingReader(new ByteArrayInputStream(file))) {
      for (RecordingEntry next = reader.next(); next != null; next = reader.next()) {
        read.add(next);
      }
    }
  }

  @Test
  void detectsDamage() throws Exception {
    recordConnections();
    byte[] whole = Files.readAllBytes(path());
    Seeds.forEach(500, random -> {
      byte[] damaged = whole.clone();
      int at = random.nextInt(whole.length);
      damaged[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
      List<RecordingEntry> read = new ArrayList<>();
      assertThatExceptionOfType(RecordingException.class).isThrownBy(() -> readInto(read, damaged))
          .satisfies(e -> assertThat(e.offset()).isLessThanOrEqualTo(at));
    });
  }

  @Test
  void stopsOnFullDisk() throws Exception {
    try (Recording recording = Recording.create(Path.of("/dev/full"), log::add)) {
      Recording.Connection connection = recording.recordConnect("any");
      connection.recordReceived(0, bytes(100), List.of());
      connection.recordDisconnect("");
    }
    assertThat(log).singleElement().asString().startsWith("recording to /dev/full stopped: ")
        .endsWith("; connections continue unrecorded");
  }

  @Test
  void stopsAtSizeLimit() throws Exception {
    AtomicLong clock = new AtomicLong();
    try (FileOutputStream file = new FileOutputStream(path().toFile());
        Recording recording = new Recording("a.rec", file, 1000, log::add, clock::incrementAndGet)) {
      Recording.Connection connection = recording.recordConnect("any");
      for (int i = 0; i < 100; i++) {
        connection.recordReceived(0, bytes(50), List.of());
      }
    }
    assertThat(log).singleElement().asString().contains("bytes of at most 1000");
    byte[] whole = Files.readAllBytes(path());
    assertThat(whole.length).isBetween(1000 - 100, 1000);
    assertThat(readAll(whole)).hasSizeGreaterThan(5);
  }

  @Test
  void locksFile() throws Exception {
    try (Recording recording = Recording.create(path(), log::add)) {
      recording.recordConnect("first").recordDisconnect("");
      assertThatIOException().isThrownBy(() -> Recording.create(path(), log::add))
          .withMessage(path() + " is in use: another server records in it");
    }
    assertThat(readAll(Files.readAllBytes(path()))).hasSize(2);
  }
}
