// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Processes that run a part of the program and send themselves SIGKILL on the way. */
final class Victim {

  /** What such a process ends with. */
  static final int KILLED = 128 + 9;

  private Victim() {
  }

  /** Starts one: a JVM without modules, for the tests' classes have none of their own. */
  static Process start(Class<?> main, String... arguments) throws IOException {
    String classes = System.getProperty("jdk.module.path") + File.pathSeparator
        + Path.of(System.getProperty("basedir", "."), "target", "test-classes");
    List<String> command =
        new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED", "-cp",
            classes, main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Ends this process, at once. */
  static void dieNow() {
    try {
      new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid())).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("no SIGKILL could be sent", e);
    }
  }
}
