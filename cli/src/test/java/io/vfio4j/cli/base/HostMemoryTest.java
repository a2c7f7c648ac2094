// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostMemoryTest {

  private static final String MEMINFO = "MemTotal:       24000 kB\nMemFree:  7 kB\nMemAvailable:   8192 kB\n";

  @TempDir
  private Path root;

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  void takesLowerOfHostAndCgroupLimit() throws IOException {
    assertThat(HostMemory.in(root).available()).isEmpty();
    write("proc/meminfo", MEMINFO);
    assertThat(HostMemory.in(root).available()).hasValue(8L << 20);
    write("sys/fs/cgroup/memory.max", "max\n");
    write("sys/fs/cgroup/memory.current", "1048576\n");
    assertThat(HostMemory.in(root).available()).hasValue(8L << 20);
    write("sys/fs/cgroup/memory.max", "3145728\n");
    assertThat(HostMemory.in(root).available()).hasValue(2L << 20);
  }

  @Test
  void rejectsRequestAboveAvailable() throws IOException {
    write("proc/meminfo", MEMINFO);
    HostMemory.in(root).require(8L << 20, "a test");
    assertThatThrownBy(() -> HostMemory.in(root).require((8L << 20) + 1, "a test"))
        .hasMessage("a test needs 8.0 MiB of memory; this host has 8.0 MiB available");
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo --memory 10t", "demo --memory 10t --devices 2",
      "conform sim:a?memory=10t", "migrate --from sim:a?memory=10t --to sim:b?memory=10t"})
  void refusesCommandsBeforeTheyStart(String arguments) {
    CommandRun run = CommandRun.vfio4j(arguments.split(" "));
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains(" of memory; this host has ").doesNotContain("internal error");
  }
}
