// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares {@link NextState} with the results of the kernel's function in every case. */
class NextStateOracleTest {

  static List<NextStateOracle.Case> oracle() throws IOException {
    return NextStateOracle.cases();
  }

  @Test
  void coversEveryCaseOnce() throws IOException {
    assertThat(oracle()).hasSize(256).doesNotHaveDuplicates();
    assertThat(oracle().stream().map(NextStateOracle.Case::toString).distinct()).hasSize(256);
    assertThat(oracle().stream().map(NextStateOracle.Case::features).distinct())
        .containsExactlyInAnyOrderElementsOf(ShortestPaths.FEATURE_SETS);
  }

  @ParameterizedTest
  @MethodSource("oracle")
  void matchesKernel(NextStateOracle.Case expected) {
    NextState nextState = NextState.of(expected.features());

    assertThat(nextState.path(expected.from(), expected.to())).isEqualTo(expected.path());
    assertThat(nextState.next(expected.from(), expected.to()))
        .isEqualTo(expected.path().map(path -> path.get(Math.min(1, path.size() - 1))));
  }
}
