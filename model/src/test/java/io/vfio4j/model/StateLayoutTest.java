// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateLayoutTest {

  private static final long MIB = 1 << 20;
  private static final StateLayout SOURCE = new StateLayout("f.1", Map.of("memory", 64 * MIB));

  @Test
  void roundTripsText() {
    StateLayout two = new StateLayout("f.1", Map.of("a", 4096L, "b", 1L));
    assertThat(StateLayout.parse(two.text().orElseThrow())).contains(two);
    assertThat(SOURCE.text()).contains("f.1;memory=67108864");
    assertThat(StateLayout.parse("f")).contains(new StateLayout("f", Map.of()));
    assertThat(new StateLayout("f", Map.of("n".repeat(200), 1L)).text()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ";a=1", "f;", "f;a", "f;a=", "f;=1", "f;a=-1", "f;a=0", "f;a=1;a=2", "f;a=1x",
      "f;a=9999999999999999999", "f=1"})
  void rejectsInvalidText(String text) {
    assertThat(StateLayout.parse(text)).isEmpty();
  }

  @Test
  void reportsMismatches() {
    assertThat(SOURCE.mismatches(SOURCE)).isEmpty();
    assertThat(SOURCE.mismatches(new StateLayout("f.1", Map.of("memory", 8 * MIB))))
        .containsExactly("the state has 64 MiB of memory 'memory', the target has 8 MiB");
    assertThat(SOURCE.mismatches(new StateLayout("f.2", Map.of("other", 4096L)))).containsExactly(
        "the state has format f.1, the target reads f.2",
        "the state has 64 MiB of memory 'memory', the target has no such memory",
        "the target has 4 KiB of memory 'other', the state has no such memory");
  }

  @Test
  void rejectsInvalidNames() {
    assertThatThrownBy(() -> new StateLayout("f", Map.of("a=b", 1L))).hasMessageContaining("a=b");
    assertThatThrownBy(() -> new StateLayout("", Map.of())).isInstanceOf(IllegalArgumentException.class);
  }
}
