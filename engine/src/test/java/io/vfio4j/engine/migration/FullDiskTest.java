// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.testkit.DocumentSection;
import io.vfio4j.testkit.FailureTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk of the journals is really full (ENOSPC): a small tmpfs, which requires root to mount. */
class FullDiskTest {

  private static final int PAGE = 4096;
  private static final int PAGES = 64;

  @TempDir
  private Path folder;

  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    mounted = run("mount", "-t", "tmpfs", "-o", "size=" + PAGES * PAGE, "tmpfs", folder.toString()) == 0;
    if (!mounted) {
      String reason = "a disk that is full is a tmpfs, which takes root to mount";
      if ("all".equals(System.getProperty("vfio4j.faults"))) {
        Assertions.fail(reason + " (vfio4j.faults=all: nothing may be skipped)");
      }
      System.out.println("skipped: " + reason);
      Assumptions.abort(reason);
    }
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", folder.toString())).isZero();
    }
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
  }

  /** A tmpfs, on which a file occupies whole pages. */
  private final class Tmpfs implements FaultTrial.Disk {

    private final Path filler = folder.resolve("filler");

    @Override
    public void fill() throws IOException {
      try (FileChannel file =
          FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        for (int page = 0; page <= PAGES; page++) {
          file.write(ByteBuffer.allocate(PAGE), (long) page * PAGE);
        }
        throw new AssertionError("the disk took more than it has");
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("No space left on device");
      }
    }

    @Override
    public void makeRoom() throws IOException {
      Files.deleteIfExists(filler);
    }

    /** A record as long as a page never fits into the rest of a page. */
    @Override
    public Journal journal(StateDirectory in) throws IOException {
      removeAllBut(in.folder());
      return heading -> {
        JournalFile file = in.begin(heading);
        return (step, reason) -> file.add(step, reason + "; ".repeat(PAGE / 2));
      };
    }
  }

  private void removeAllBut(Path last) throws IOException {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(folder) && !path.startsWith(last)) {
          Files.delete(path);
        }
      }
    }
  }

  @Test
  void matchesFailureTableWithFullDisk() throws Exception {
    try (FaultHarness harness = new FaultHarness(folder, FailureTableTest.ONE_DEVICE, 1, Tmpfs::new)) {
      FailureTable events =
          new EventFaults(harness, EventFaults.FaultKind.JOURNALS).on(Arrays.asList(FaultScenario.values()));
      assertThat(events.cellCount()).isGreaterThan(60);
      events.requireSubsetOf(FailureTable.in(DocumentSection.of("one device").text(),
          "At each step that the engine reports:"));
    }
  }
}
