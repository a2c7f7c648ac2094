// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Errno;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeTest {

  private static final int ROUNDS = 2_000;

  @Test
  void isolatesErrnoOfThreads() throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    Background<Integer> badAdvice = Background.start(() -> {
      start.await();
      return failures(() -> FileCalls.eventfd(0, -1), Errno.EINVAL);
    });
    Background<Integer> badNumber = Background.start(() -> {
      start.await();
      return failures(() -> FileCalls.fcntl(-1, 0, 0), Errno.EBADF);
    });

    assertThat(badAdvice.result()).isEqualTo(ROUNDS);
    assertThat(badNumber.result()).isEqualTo(ROUNDS);
  }

  private interface Call {
    int call();
  }

  private static int failures(Call call, Errno expected) {
    int failures = 0;
    for (int i = 0; i < ROUNDS; i++) {
      if (call.call() == -expected.number()) {
        failures++;
      }
    }
    return failures;
  }

  @Test
  void namesFlagWhereNativeAccessIsDenied(@TempDir Path folder) throws Exception {
    Process java = java(folder, "--illegal-native-access=deny");

    assertThat(output(java)).contains("java.lang.LinkageError")
        .contains("run java with --enable-native-access=ALL-UNNAMED");
    assertThat(java.waitFor()).isEqualTo(1);
  }

  @Test
  void runsOnClassPathWithFlag(@TempDir Path folder) throws Exception {
    Process java = java(folder, "--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED");

    assertThat(output(java)).isEqualTo("signalled\n");
    assertThat(java.waitFor()).isZero();
  }

  /** A program on the class path of another JVM. */
  private static Process java(Path folder, String... flags) throws IOException {
    Path source = Files.writeString(folder.resolve("Signal.java"), """
        class Signal {
          public static void main(String... args) throws Exception {
            try (var event = io.vfio4j.linux.EventFd.create()) {
              event.signal();
              System.out.println(event.drain() == 1 ? "signalled" : "not signalled");
            }
          }
        }
        """);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", location(Native.class) + ":" + location(Errno.class), source.toString()));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static String location(Class<?> type) {
    return Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()))
        .toString();
  }

  private static String output(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
