// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A failure to unmap memory after the migration is only a warning. */
class MappedMemoryTest {

  private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  private static final Pattern FREE = Pattern.compile("HugePages_Free: +([0-9]+)");
  private static final long HUGE = 2L << 20;

  @TempDir
  private Path folder;

  @Test
  @SuppressWarnings("MustBeClosedChecker") // Closed below.
  void warnsWhenUnmapFails() {
    List<String> warnings = new ArrayList<>();
    Arena arena = Arena.ofShared();
    arena.close(); // So that closing it again fails.
    try (MappedMemory memory = new MappedMemory(arena, MemoryRegions.NONE, warnings::add)) {
      assertThat(memory.regions().isEmpty()).isTrue();
    }
    assertThat(warnings).singleElement().asString().contains("--region", "closed");
  }

  /** Part of a file on hugetlbfs is mapped and unmapped in whole huge pages. */
  @Test
  void migratesPartOfHugePageFile() throws Exception {
    try (Fd from = Memfd.createHuge("from", HUGE, HUGE); Fd to = Memfd.createHuge("to", HUGE, HUGE)) {
      boolean mayAdd = Files.isWritable(POOL);
      if (mayAdd) {
        changePool(2);
      }
      try {
        boolean areThere = free() >= 2;
        CommandRun run =
            CommandRun.vfio4j("migrate", "--from", "sim:a?memory=1m", "--to", "sim:b?memory=1m",
                "--max-downtime",
                "30s", "--state-dir", folder.toString(), "--region", region(from), "--to-region", region(to),
                "--json");
        assertThat(run.exitCode()).as(run.err()).isEqualTo(areThere ? ExitCodes.SUCCESS : ExitCodes.FAILURE);
        assertThat(run.err()).doesNotContain("munmap");
      } finally {
        if (mayAdd) {
          changePool(-2);
        }
      }
    }
  }

  private static String region(Fd fd) {
    return "ram=/proc/%d/fd/%d@0:1m".formatted(ProcessHandle.current().pid(), fd.number());
  }

  private static void changePool(long by) throws IOException {
    Files.writeString(POOL, Long.toString(Long.parseLong(Files.readString(POOL).strip()) + by));
  }

  private static long free() throws IOException {
    Matcher matcher = FREE.matcher(Files.readString(Path.of("/proc/meminfo")));
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }
}
