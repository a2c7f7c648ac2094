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

/** Runs mutated inputs, at least 50,000 messages, and the corpus. */
class FuzzTest {

  private static final int MESSAGES = 50_000;
  private static final int MESSAGES_PER_CASE = 100;
  /** Permitted growth of the process: code, classes, and the buffers of one input at a time. */
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

  /** Returns an input, recorded or generated with equal probability, and mutated in most cases. */
  private static FuzzInput input(List<FuzzInput> recorded, RandomGenerator random) {
    FuzzInput input = recorded.isEmpty() || random.nextBoolean() ? InputGenerator.generate(random)
        : recorded.get(random.nextInt(recorded.size()));
    return InputMutator.mutate(input, random);
  }

  @Test
  void survivesRandomInputs() throws Exception {
    List<FuzzInput> recorded = new ArrayList<>();
    for (Path recording : recordings()) {
      recorded.addAll(SeedCorpus.split(recording));
    }
    long before = peakKib();
    try (FuzzHarness harness = new FuzzHarness(FuzzHarness.ALLOWED_PER_INPUT)) {
      Seeds.forEach(MESSAGES / MESSAGES_PER_CASE, random -> {
        for (long goal = harness.messages() + MESSAGES_PER_CASE; harness.messages() < goal;) {
          harness.run(input(recorded, random));
        }
      });
      if (System.getProperty(Seeds.PROPERTY) == null) {
        assertThat(harness.messages()).isGreaterThanOrEqualTo(MESSAGES);
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
  void survivesCorpus() throws Exception {
    List<Path> inputs = corpus().toList();
    assertThat(inputs).isNotEmpty();
    try (FuzzHarness harness = new FuzzHarness(FuzzHarness.ALLOWED_PER_INPUT)) {
      for (Path input : inputs) {
        assertThatCode(() -> harness.run(FuzzInput.decode(Files.readAllBytes(input))))
            .as("%s", input.getFileName())
            .doesNotThrowAnyException();
      }
    }
  }

  @Test
  void encodesAndDecodesInputs() {
    Seeds.forEach(500, random -> {
      FuzzInput input = input(List.of(), random);
      byte[] bytes = input.encode();
      assertThat(FuzzInput.decode(bytes).encode()).isEqualTo(bytes);
    });
  }
}
