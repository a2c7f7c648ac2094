// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The locale that the launcher sets, printed by a fake JDK. */
class LauncherLocaleTest {

  private static final Path LAUNCHER = Path.of(System.getProperty("basedir", ".")).resolve("../vfio4j");

  @TempDir
  private Path root;

  @BeforeEach
  void setUp() throws IOException {
    executable("vfio4j", Files.readString(LAUNCHER));
    executable("jdk/bin/javac", "#!/bin/sh\n");
    executable("jdk/bin/java",
        "#!/bin/sh\necho \"LC_ALL=${LC_ALL:-}\"\nfor a in \"$@\"; do echo \"$a\"; done\n");
    write("jdk/release", "JAVA_VERSION=\"25.0.1\"\n");
    write("target/launcher/stamp", "");
  }

  private Path write(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private void executable(String name, String text) throws IOException {
    Files.setPosixFilePermissions(write(name, text), PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private String run(Map<String, String> locale, String... arguments) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(root.resolve("vfio4j").toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
    builder.environment().putAll(locale);
    builder.environment().put("JAVA_HOME", root.resolve("jdk").toString());
    Process process = builder.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }

  @Test
  void readsPathsAsUtf8InCLocale() throws Exception {
    for (String c : new String[] {"C", "POSIX"}) {
      assertThat(run(Map.of("LC_ALL", c), "probe")).contains("LC_ALL=C.UTF-8\n").endsWith("probe\n");
      assertThat(run(Map.of("LC_CTYPE", c, "LANG", "de_DE.UTF-8"))).contains("LC_ALL=C.UTF-8\n");
    }
    assertThat(run(Map.of())).contains("LC_ALL=C.UTF-8\n");
    assertThat(run(Map.of("LANG", "de_DE.UTF-8"))).contains("LC_ALL=\n");
    assertThat(run(Map.of("LC_ALL", "en_US.UTF-8", "LANG", "C"))).contains("LC_ALL=en_US.UTF-8\n");
  }
}
