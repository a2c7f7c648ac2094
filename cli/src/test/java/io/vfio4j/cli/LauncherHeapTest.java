// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line that the launcher starts, printed by a fake JDK. */
class LauncherHeapTest {

  private static final Path LAUNCHER = Path.of(System.getProperty("basedir", "."), "..", "vfio4j");

  @TempDir
  private Path root;

  @BeforeEach
  void createFreshBuild() throws IOException {
    Files.copy(LAUNCHER, root.resolve("vfio4j"));
    Path bin = Files.createDirectories(root.resolve("jdk/bin"));
    for (String program : List.of("java", "javac")) {
      Files.writeString(bin.resolve(program), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
      Files.setPosixFilePermissions(bin.resolve(program), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    Files.writeString(root.resolve("jdk/release"), "JAVA_VERSION=\"99.0.1\"\n");
    Files.writeString(root.resolve("pom.xml"), "");
    Files
        .createFile(Files.createDirectories(root.resolve("cli/target/launcher")).resolve("vfio4j-cli-1.jar"));
    Files.createFile(Files.createDirectories(root.resolve("target/launcher")).resolve("stamp"));
  }

  private List<String> javaArguments(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("sh", root.resolve("vfio4j").toString()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", root.resolve("jdk").toString());
    builder.environment().put("VFIO4J_JAVA_OPTS", "-Da=b -Xmx1g");
    Process process = builder.start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
  }

  /** These commands have peers, so their heap is limited. A limit from the environment comes later and overrides it. */
  @ParameterizedTest
  @ValueSource(strings = {"serve", "send", "receive", "recover"})
  void limitsHeap(String command) throws IOException {
    assertThat(javaArguments("--json", command, "--some")).contains("-Xmx256m");
    assertThat(javaArguments(command, "--some", "thing")).containsSubsequence("-Xmx256m", "-Da=b", "-Xmx1g")
        .endsWith(command, "--some", "thing");
  }

  @Test
  void keepsDefaultHeapForOtherCommands() throws IOException {
    assertThat(javaArguments("simulate")).endsWith("simulate").doesNotContain("-Xmx256m", "");
    assertThat(javaArguments()).endsWith("io.vfio4j.cli/io.vfio4j.cli.Main").doesNotContain("-Xmx256m", "");
  }
}
