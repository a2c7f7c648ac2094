// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/** Writes the journal of a side whose process has ended, byte by byte, since this process is still running. */
public final class JournalFixture {

  /** Larger than any process ID of the kernel. */
  private static final long NO_PROCESS = 1L << 40;
  /** Hexadecimal digits of half a migration ID. */
  private static final int HALF = 16;
  private static final List<JournalStep> STEPS = List.of(JournalStep.PREPARED, JournalStep.GIVEN,
      JournalStep.CONFIRMED, JournalStep.KEPT, JournalStep.ABANDONED, JournalStep.COMMITTED,
      JournalStep.RUNNING,
      JournalStep.REFUSED, JournalStep.RETURNED);

  /** Orders journals that are written in the same millisecond. */
  private static final AtomicLong LATER = new AtomicLong();

  private JournalFixture() {
  }

  /** Writes a journal into a state directory, which is created; the steps follow PREPARED. */
  public static void write(Path folder, MigrationId migration, Side side, List<String> devices,
      JournalStep... steps)
      throws IOException {
    ByteBuffer file = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    file.put("VFIO4JJ1".getBytes(StandardCharsets.US_ASCII));
    ByteBuffer first = record(JournalStep.PREPARED);
    first.put((byte) (side == Side.SOURCE ? 0 : 1)).putLong(half(migration, 0)).putLong(half(migration, HALF))
        .putLong(NO_PROCESS).putLong(0);
    text(first, "the other host").putShort((short) devices.size());
    devices.forEach(device -> text(first, device));
    frame(file, first);
    for (JournalStep step : steps) {
      frame(file, record(step));
    }
    byte[] bytes = new byte[file.position()];
    file.flip().get(bytes);
    Files.createDirectories(folder,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.write(folder.resolve("%s-%s.journal".formatted(migration, side)), bytes);
  }

  private static long half(MigrationId migration, int from) {
    return Long.parseUnsignedLong(migration.toString(), from, from + HALF, 16);
  }

  private static ByteBuffer record(JournalStep step) {
    ByteBuffer body = ByteBuffer.allocate(1 << 14).order(ByteOrder.LITTLE_ENDIAN);
    return text(
        body.put((byte) STEPS.indexOf(step)).putLong(Instant.now().toEpochMilli() + LATER.getAndIncrement()),
        "as it was");
  }

  private static ByteBuffer text(ByteBuffer into, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return into.putShort((short) bytes.length).put(bytes);
  }

  private static void frame(ByteBuffer into, ByteBuffer body) {
    CRC32C checksum = new CRC32C();
    checksum.update(body.flip().duplicate());
    into.putInt(body.remaining()).putInt((int) checksum.getValue()).put(body);
  }
}
