// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of this machine to set up guests. */
final class ToolProcess {

  private static final int TAIL_LINES = 12;

  private ToolProcess() {
  }

  /** Returns whether a program is on the PATH. */
  static boolean exists(String program) {
    for (String folder : String.valueOf(System.getenv("PATH")).split(":", -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Runs a program and waits for it to exit.
   *
   * @param timeout the timeout
   * @param folder its working directory
   * @return its standard output
   * @throws IOException if it fails, with its last output, or times out, in which case it is killed
   */
  static String run(Duration timeout, Path folder, List<String> command)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
          .redirectInput(Path.of("/dev/null").toFile()).redirectOutput(out.toFile())
          .redirectError(err.toFile());
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      boolean ended;
      try {
        ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      if (!ended || process.exitValue() != 0) {
        throw new IOException("%s %s: %s".formatted(String.join(" ", command),
            ended ? "failed with status " + process.exitValue()
                : "took more than " + timeout.toSeconds() + " s",
            tail(List.of(out, err), TAIL_LINES)));
      }
      return Files.readString(out, StandardCharsets.ISO_8859_1);
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }

  /** Returns the last lines of the files that exist. */
  static String tail(List<Path> files, int lines) throws IOException {
    List<String> all = new ArrayList<>();
    for (Path file : files) {
      if (Files.exists(file)) {
        List<String> text = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        all.addAll(text.subList(Math.max(0, text.size() - lines), text.size()));
      }
    }
    return String.join(System.lineSeparator(), all);
  }
}
