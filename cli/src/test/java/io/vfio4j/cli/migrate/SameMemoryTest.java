// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.testing.CommandRun;
import io.vfio4j.cli.testing.ServedTestDevice;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory and devices that are both source and target are detected, whatever path names them. */
class SameMemoryTest {

  private static final int SIZE = 1 << 20;
  private static final String SAME = "the source's region ram and the target's region ram are the same file";

  @TempDir
  private Path folder;
  private Path memory;

  @BeforeEach
  void makeMemory() throws IOException {
    memory = Files.write(folder.resolve("memory"), new byte[SIZE]);
    Files.write(folder.resolve("other"), new byte[SIZE]);
    Files.createLink(folder.resolve("hard"), memory);
    Files.createSymbolicLink(folder.resolve("soft"), Path.of("memory"));
  }

  private CommandRun migrate(String to, String... more) {
    List<String> arguments = new ArrayList<>(List.of("migrate", "--from", "sim:a?memory=1m", "--to",
        "sim:b?memory=1m", "--json", "--max-downtime", "30s", "--state-dir", folder.toString(), "--region",
        "ram=%s@0".formatted(memory), "--to-region", "ram=%s@0".formatted(to)));
    arguments.addAll(List.of(more));
    return CommandRun.vfio4j(arguments.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "hard", "soft", "../FOLDER/memory"})
  void refusesSameFileByAnyPath(String path) {
    CommandRun run =
        migrate(folder.resolve(path.replace("FOLDER", folder.getFileName().toString())).toString());

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.err()).contains(SAME);
    assertThat(run.event("error").get("outcome").getAsString()).isEqualTo("UNTOUCHED");
  }

  @Test
  void refusesSameFileByProcDescriptor() throws IOException {
    try (FileChannel open = FileChannel.open(memory, StandardOpenOption.READ);
        Stream<Path> descriptors =
            Files.list(Path.of("/proc", Long.toString(ProcessHandle.current().pid()), "fd"))) {
      Path descriptor = descriptors.filter(this::isMemory).findFirst().orElseThrow();
      CommandRun run = migrate(descriptor.toString());
      assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
      assertThat(run.err()).contains(SAME);
      assertThat(open.isOpen()).isTrue();
    }
  }

  private boolean isMemory(Path descriptor) {
    try {
      return Files.isSameFile(descriptor, memory);
    } catch (IOException e) {
      return false; // Closed in the meantime.
    }
  }

  @Test
  void refusesSameFileOnDryRun() {
    CommandRun run = migrate(memory.toString(), "--dry-run");

    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILURE);
    assertThat(run.event("comparison").get("refusals").toString()).contains(SAME);
  }

  @Test
  void acceptsOtherFile() {
    CommandRun run = migrate(folder.resolve("other").toString());

    assertThat(run.exitCode()).as(run.err()).isEqualTo(ExitCodes.SUCCESS);
  }

  /** Memory may be saved and restored in place, but the file of a region cannot be the saved file. */
  @Test
  void restoresToOriginalMemoryFile() {
    String region = "ram=%s@0".formatted(memory);
    String file = folder.resolve("a.state").toString();
    CommandRun saved =
        CommandRun.vfio4j("save", "sim:a?memory=1m", "--region", region, "--max-downtime", "30s", "--output",
            file);
    assertThat(saved.exitCode()).as(saved.err()).isEqualTo(ExitCodes.SUCCESS);
    CommandRun restored = CommandRun.vfio4j("restore", file, "sim:b?memory=1m", "--region", region);
    assertThat(restored.exitCode()).as(restored.err()).isEqualTo(ExitCodes.SUCCESS);

    CommandRun over = CommandRun.vfio4j("save", "sim:a?memory=1m", "--region", region, "--output",
        folder.resolve("hard").toString());
    assertThat(over.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(over.err()).contains("is the memory of --region ram");
    CommandRun itself =
        CommandRun.vfio4j("restore", memory.toString(), "sim:b?memory=1m", "--region", region);
    assertThat(itself.exitCode()).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void refusesSameDeviceByTwoPaths() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link.sock"), Path.of("a.sock"));
    try (ServedTestDevice a = ServedTestDevice.start(folder.resolve("a.sock"))) {
      for (String other : List.of(link.toString(), folder + "/./a.sock")) {
        CommandRun run =
            CommandRun.vfio4j("migrate", "--from", a.address(), "--to", "vfio-user:" + other, "--state-dir",
                folder.toString());
        assertThat(run.exitCode()).as(other).isNotEqualTo(ExitCodes.SUCCESS);
        assertThat(run.err()).containsAnyOf("in use", "are the same device");
      }
    }
  }
}
