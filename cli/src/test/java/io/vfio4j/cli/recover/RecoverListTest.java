// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code recover} lists and prunes journals. */
class RecoverListTest {

  private static final byte GIVEN = 1;
  private static final byte CONFIRMED = 2;

  @TempDir
  private Path folder;

  /** Writes the journal of a source whose process has ended, byte by byte. */
  private Path journal(long id, int daysAgo, byte... steps) throws IOException {
    return journal("vfio-user:/run/a.sock", id, daysAgo, steps);
  }

  private Path journal(String device, long id, int daysAgo, byte... steps) throws IOException {
    Instant at = Instant.now().minus(Duration.ofDays(daysAgo));
    ByteBuffer file = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
    file.put("VFIO4JJ1".getBytes(StandardCharsets.US_ASCII));
    ByteBuffer first = record((byte) 0, at, "begun");
    first.put((byte) 0).putLong(0).putLong(id).putLong(1L << 40).putLong(0);
    text(text(first, "tcp:192.0.2.1:7100").putShort((short) 1), device);
    frame(file, first);
    for (byte step : steps) {
      frame(file, record(step, at, "the target reports so"));
    }
    Path path = folder.resolve("%032x-source.journal".formatted(id));
    Files.write(path, Arrays.copyOf(file.array(), file.position()));
    Files.setLastModifiedTime(path, FileTime.from(at));
    return path;
  }

  private static ByteBuffer record(byte step, Instant at, String reason) {
    ByteBuffer body = ByteBuffer.allocate(300).order(ByteOrder.LITTLE_ENDIAN);
    return text(body.put(step).putLong(at.toEpochMilli()), reason);
  }

  private static ByteBuffer text(ByteBuffer into, String text) {
    return into.putShort((short) text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void frame(ByteBuffer into, ByteBuffer body) {
    CRC32C checksum = new CRC32C();
    checksum.update(body.flip().duplicate());
    into.putInt(body.remaining()).putInt((int) checksum.getValue()).put(body);
  }

  private CommandRun recover(String... more) {
    List<String> all = new ArrayList<>(List.of("recover", "--state-dir", folder.toString()));
    all.addAll(List.of(more));
    return CommandRun.vfio4j(all.toArray(String[]::new));
  }

  @Test
  void listsSettledMigrations() throws IOException {
    journal(0xa, 1, GIVEN, CONFIRMED);
    CommandRun run = recover("--list", "--json");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.event("settled-migration").toString()).contains(
        "\"migration\":\"" + "0".repeat(31) + "a\"",
        "\"step\":\"confirmed\"", "\"reason\":\"the target reports so\"", "\"held\":false");
    assertThat(recover("--list").out()).contains("sends vfio-user:/run/a.sock (tcp:192.0.2.1:7100)",
        "they run at the target (the target reports so)").doesNotContain("recover --ask");
    assertThat(recover().out()).contains("no open migrations in " + folder);
  }

  @Test
  void listsOpenMigrationsWithRemedy() throws IOException {
    journal(0xa, 1, GIVEN);
    CommandRun run = recover("--list");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.out()).contains("vfio4j recover --ask ADDR",
        "the process that had the devices open has ended");
  }

  /** A damaged journal is reported, and the others are settled. */
  @Test
  void settlesOthersDespiteDamagedJournal() throws IOException {
    Path damaged = journal(0xa, 1, GIVEN);
    Files.writeString(damaged, "not a journal");
    journal(0xb, 1);
    CommandRun run = recover("--json");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
    assertThat(run.err()).contains("is unknown: " + damaged + " is not a journal of a migration");
    assertThat(run.event("settled").get("step").getAsString()).isEqualTo("kept");
    assertThat(recover("0".repeat(31) + "b").exitCode()).isEqualTo(ExitCodes.SUCCESS);
  }

  @Test
  void prunesOldSettledJournals() throws IOException {
    Path old = journal(0xa, 91, GIVEN, CONFIRMED);
    Path open = journal(0xb, 91, GIVEN);
    Path younger = journal(0xc, 89, GIVEN, CONFIRMED);
    CommandRun run = recover("--prune", "--json");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(run.event("pruned").toString()).contains(old.toString(), "\"days\":90");
    assertThat(recover("--prune", "--days", "10").out()).startsWith("removed 1 ");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(open);
    }
    assertThat(younger).doesNotExist();
  }

  @Test
  void prunesOldSettledJournalsOnMigrate() throws IOException {
    Path old = journal(0xa, 91, GIVEN, CONFIRMED);
    Path younger = journal(0xb, 89, GIVEN, CONFIRMED);
    CommandRun run =
        CommandRun.vfio4j("migrate", "--from", "sim:a?memory=1m", "--to", "sim:b?memory=1m", "--max-downtime",
            "30s", "--state-dir", folder.toString(), "--then", "true");

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
    assertThat(old).doesNotExist();
    assertThat(younger).exists();
  }

  @Test
  void rejectsDaysWithoutPrune() {
    assertThat(recover("--days", "10").exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(recover("--prune", "--days", "0").exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(recover("--prune", "--list").err()).contains("are mutually exclusive", "--prune");
  }

  /** Otherwise a device that was handed over would resume because of an earlier migration. */
  @Test
  void leavesDeviceOfLaterMigrationUntouched() throws Exception {
    try (ServedTestDevice device = ServedTestDevice.start(folder.resolve("a.sock"))) {
      try (VfioUserClient client = device.connectKeepingState()) {
        client.moveTo(DeviceState.STOP);
      }
      journal(device.address(), 1, 2);
      Path later = journal(device.address(), 2, 1, GIVEN);

      CommandRun both = CommandRun.vfio4j("recover", "--json", "--state-dir", folder.toString());
      assertThat(both.exitCode()).as("the later one is open").isEqualTo(ExitCodes.INTERVENTION_REQUIRED);
      assertThat(both.event("settled").get("step").getAsString()).isEqualTo("kept");
      try (VfioUserClient client = device.awaitConnection()) {
        assertThat(client.state()).isEqualTo(DeviceState.STOP);
      }

      Files.delete(later);
      journal(device.address(), 3, 0);
      CommandRun last = CommandRun.vfio4j("recover", "--json", "--state-dir", folder.toString());
      assertThat(last.exitCode()).as(last.err()).isEqualTo(ExitCodes.SUCCESS);
      assertThat(last.event("resumed").get("device").getAsString()).isEqualTo(device.address());
    }
  }
}
