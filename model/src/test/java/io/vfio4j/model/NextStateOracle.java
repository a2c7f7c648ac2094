// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The results of the kernel's next-state function, recorded in a file, for every case. */
public final class NextStateOracle {

  /** A call of the function and its result; empty for EINVAL. */
  public record Case(MigrationFeatures features, DeviceState from, DeviceState to,
      Optional<List<DeviceState>> path) {

    static Case parse(String line) {
      String[] fields = line.split(",", -1);
      return new Case(
          new MigrationFeatures(
              Set.copyOf(Stream.of(fields[0].split("\\+")).map(MigrationFeature::valueOf).toList())),
          DeviceState.valueOf(fields[1]), DeviceState.valueOf(fields[2]),
          parsePath(fields[3], fields[4]));
    }

    private static Optional<List<DeviceState>> parsePath(String result, String path) {
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

  private NextStateOracle() {
  }

  public static List<Case> cases() throws IOException {
    try (InputStream csv = NextStateOracle.class.getResourceAsStream("v2-next-state.csv")) {
      String text = new String(Objects.requireNonNull(csv).readAllBytes(), UTF_8);
      return text.lines().skip(1).map(Case::parse).toList();
    }
  }
}
