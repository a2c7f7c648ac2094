// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputFileWiringTest {

  @TempDir
  private Path folder;

  @Test
  void keepsLastValidInputs() throws Exception {
    Path file = folder.resolve("inputs");
    List<String> log = new ArrayList<>();
    InputFileWiring inputs = new InputFileWiring(file, log::add);
    assertThat(inputs.inputs(0xffff)).isZero();
    Files.writeString(file, "0x8001\n");
    assertThat(inputs.inputs(0)).isEqualTo(0x8001);
    Files.writeString(file, "");
    assertThat(inputs.inputs(0)).isEqualTo(0x8001);
    assertThat(log).isEmpty();
    for (String wrong : List.of("0x10000", "-1", "on", "99999999999999999999")) {
      Files.writeString(file, wrong);
      assertThat(inputs.inputs(0)).isEqualTo(0x8001);
      assertThat(inputs.inputs(0)).isEqualTo(0x8001);
    }
    assertThat(log).hasSize(4).first().asString().endsWith("'0x10000' is not a number from 0 to 0xffff");
    Files.writeString(file, "3");
    assertThat(inputs.inputs(0)).isEqualTo(3);
    Files.delete(file);
    assertThat(inputs.inputs(0)).isEqualTo(3);
  }
}
