// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Processes that run a part of the program and send themselves SIGKILL. */
public final class SelfKillingProcess {

  /** The exit code of such a process. */
  public static final int KILLED = 128 + 9;

  private SelfKillingProcess() {
  }

  /** Starts a process on the class path, since the classes of tests are in no module. */
  public static Process start(Class<?> main, String... arguments) throws IOException {
    return new ProcessBuilder(command(List.of("-XX:TieredStopAtLevel=1"), main, arguments))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Returns the command line of a process, with additional JVM options. */
  public static List<String> command(List<String> options, Class<?> main, String... arguments) {
    List<String> command =
        new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("jdk.module.path") + File.pathSeparator + classes(main),
        main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Returns the output folder of the test classes in this build. */
  private static Path classes(Class<?> main) {
    try {
      Path folder =
          Path.of(Objects.requireNonNull(main.getResource(main.getSimpleName() + ".class")).toURI());
      for (int i = 0; i <= main.getPackageName().chars().filter(c -> c == '.').count() + 1; i++) {
        folder = Objects.requireNonNull(folder.getParent());
      }
      return folder;
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Kills this process. */
  public static void killSelf() {
    try {
      new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid())).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("no SIGKILL could be sent", e);
    }
  }
}
