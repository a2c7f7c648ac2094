// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildProcess;
import io.vfio4j.cli.testing.CommandProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher of the source tree, with a fake JDK and a fake Maven. */
class LauncherTest {

  @TempDir
  private Path tree;

  @BeforeEach
  void makeTree() throws IOException, InterruptedException {
    Path script = Path.of(System.getProperty("basedir", ".")).resolve("../vfio4j");
    executable("vfio4j", Files.readString(script));
    Files.createDirectories(tree.resolve("cli/src/main"));
    Files.writeString(tree.resolve("pom.xml"), "");
    Files.writeString(tree.resolve("cli/pom.xml"), "");
    Files.createDirectories(tree.resolve(".mvn"));
    executable("jdk/bin/javac", "");
    // The training run is killed once it listens.
    executable("jdk/bin/java", """
        #!/bin/sh
        case "$*" in *serve*) echo listening; exec sleep 1000 ;; esac
        printf '%s\\n' "$@"
        """);
    Files.writeString(tree.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
    // The build waits until something is written to the FIFO.
    assertThat(new ProcessBuilder("mkfifo", tree.resolve("go").toString()).start().waitFor()).isZero();
    executable("bin/mvn", """
        #!/bin/sh
        echo built >> "$TREE/builds"
        read -r _ < "$TREE/go"
        mkdir -p "$TREE/cli/target/launcher/lib"
        """);
  }

  private void executable(String name, String text) throws IOException {
    Path file = tree.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private ChildProcess start() throws IOException {
    return ChildProcess.start(List.of("launcher"),
        List.of("env", "TREE=" + tree, "JAVA_HOME=" + tree.resolve("jdk"),
            "PATH=" + tree.resolve("bin") + ":" + System.getenv("PATH"), tree.resolve("vfio4j").toString(),
            "probe",
            "sim:a"),
        line -> {
        });
  }

  @Test
  void reportsWaitForConcurrentBuild() throws Exception {
    try (ChildProcess first = start()) {
      awaitError(first, "building");
      try (ChildProcess second = start()) {
        awaitError(second, "waiting for another vfio4j to finish building");
        Files.writeString(tree.resolve("go"), "\n");

        assertThat(first.await(CommandProcesses.TIMEOUT)).as(String.join("\n", first.stderrLines())).isZero();
        assertThat(second.await(CommandProcesses.TIMEOUT)).as(String.join("\n", second.stderrLines()))
            .isZero();
        assertThat(tree.resolve("builds")).hasContent("built");
      }
    }
  }

  private static void awaitError(ChildProcess process, String words) {
    long end = System.nanoTime() + CommandProcesses.TIMEOUT.toNanos();
    while (process.stderrLines().stream().noneMatch(line -> line.contains(words))) {
      assertThat(System.nanoTime()).as(() -> words + " in " + process.stderrLines()).isLessThan(end);
      Thread.onSpinWait();
    }
  }
}
