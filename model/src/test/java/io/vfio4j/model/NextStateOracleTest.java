// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares {@link NextState} with the answers of the kernel's function for every case there is. */
public class NextStateOracleTest {

  public record Case(MigrationFeatures features, DeviceState from, DeviceState to,
      Optional<List<DeviceState>> path) {

    static Case parse(String line) {
      String[] fields = line.split(",", -1);
      return new Case(
          new MigrationFeatures(
              Set.copyOf(Stream.of(fields[0].split("\\+")).map(MigrationFeature::valueOf).toList())),
          DeviceState.valueOf(fields[1]), DeviceState.valueOf(fields[2]),
          answer(fields[3], fields[4]));
    }

    private static Optional<List<DeviceState>> answer(String result, String path) {
      return switch (result) {
        case "OK" -> Optional.of(Stream.of(path.split(" > ")).map(DeviceState::valueOf).toList());
        case "EINVAL" -> Optional.empty();
        default -> throw new IllegalArgumentException(result);
      };
    }

    @Override
    public String toString() {
      return features + ": " + from + " to " + to;
    }
  }

  public static List<Case> oracle() throws IOException {
    try (InputStream csv = NextStateOracleTest.class.getResourceAsStream("v2-next-state.csv")) {
      String text = new String(Objects.requireNonNull(csv).readAllBytes(), UTF_8);
      return text.lines().skip(1).map(Case::parse).toList();
    }
  }

  @Test
  void coversEveryCaseOnce() throws IOException {
    assertThat(oracle()).hasSize(256).doesNotHaveDuplicates();
    assertThat(oracle().stream().map(Case::toString).distinct()).hasSize(256);
    assertThat(oracle().stream().map(Case::features).distinct())
        .containsExactlyInAnyOrderElementsOf(ShortestPaths.FEATURE_SETS);
  }

  @ParameterizedTest
  @MethodSource("oracle")
  void matchesKernel(Case expected) {
    NextState nextState = NextState.of(expected.features);

    assertThat(nextState.path(expected.from, expected.to)).isEqualTo(expected.path);
    assertThat(nextState.next(expected.from, expected.to))
        .isEqualTo(expected.path.map(path -> path.get(Math.min(1, path.size() - 1))));
  }
}
