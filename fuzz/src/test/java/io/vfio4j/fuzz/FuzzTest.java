// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.vfio4j.testkit.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Sessions made up and changed: at least 50,000 messages of them, and the corpus. */
class FuzzTest {

  private static final int MESSAGES = 50_000;
  private static final int MESSAGES_OF_A_CASE = 100;
  /** What the process may grow by beyond its heap: code, classes, and the buffers of one session at a time. */
  private static final long ALLOWED_GROWTH_KIB = 160 << 10;

  static Path folder(String name) {
    return Path.of(System.getProperty("basedir", ".")).resolve("src/test/resources/io/vfio4j/fuzz")
        .resolve(name);
  }

  static List<Path> recordings() throws IOException {
    return SeedCorpus.recordings(folder("recordings"));
  }

  private static long peakKib() throws Exception {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines.filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElseThrow();
    }
  }

  /** Half of the sessions are recorded ones in pieces, half are made up; most are changed. */
  private static Session session(List<Session> recorded, RandomGenerator random) {
    Session session = recorded.isEmpty() || random.nextBoolean() ? SessionGenerator.generate(random)
        : recorded.get(random.nextInt(recorded.size()));
    return SessionMutator.mutate(session, random);
  }

  @Test
  void nothingThatAClientDoesHarmsTheNext() throws Exception {
    List<Session> recorded = new ArrayList<>();
    for (Path recording : recordings()) {
      recorded.addAll(SeedCorpus.pieces(recording));
    }
    long before = peakKib();
    try (FuzzedDevice device = new FuzzedDevice(FuzzedDevice.ALLOWED_FOR_SESSION)) {
      Seeds.forEach(MESSAGES / MESSAGES_OF_A_CASE, random -> {
        for (long goal = device.messages() + MESSAGES_OF_A_CASE; device.messages() < goal;) {
          device.run(session(recorded, random));
        }
      });
      if (System.getProperty(Seeds.PROPERTY) == null) {
        assertThat(device.messages()).isGreaterThanOrEqualTo(MESSAGES);
      }
    }
    assertThat(peakKib() - before).as("KiB of growth").isLessThan(ALLOWED_GROWTH_KIB);
  }

  static Stream<Path> corpus() throws IOException {
    try (Stream<Path> files = Files.list(folder("corpus"))) {
      return files.sorted().toList().stream();
    }
  }

  @Test
  void whatTheFuzzerFoundWorthKeeping() throws Exception {
    List<Path> inputs = corpus().toList();
    assertThat(inputs).isNotEmpty();
    try (FuzzedDevice device = new FuzzedDevice(FuzzedDevice.ALLOWED_FOR_SESSION)) {
      for (Path input : inputs) {
        assertThatCode(() -> device.run(Session.decode(Files.readAllBytes(input))))
            .as("%s", input.getFileName())
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void aSessionIsWhatItsBytesSay() {
    Seeds.forEach(500, random -> {
      Session session = session(List.of(), random);
      byte[] bytes = session.encode();
      assertThat(Session.decode(bytes).encode()).isEqualTo(bytes);
    });
  }
}
