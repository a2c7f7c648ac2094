// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The pictures in docs/ are what the command makes. */
class DiagramsInDocsTest {

  private static String docs(String file) throws IOException {
    return Files.readString(Path.of(System.getProperty("basedir", ".")).resolve("../docs").resolve(file));
  }

  @Test
  void version1IsCurrent() throws IOException {
    assertThat(docs("device-states-v1.svg"))
        .as("make it anew: ./vfio4j states --v1 --format svg > docs/device-states-v1.svg")
        .isEqualTo(Run.vfio4j("states", "--v1", "--format", "svg").out());
  }

  @Test
  void version2IsCurrent() throws IOException {
    assertThat(docs("device-states-v2.svg"))
        .as("make it anew: ./vfio4j states --format svg > docs/device-states-v2.svg")
        .isEqualTo(Run.vfio4j("states", "--format", "svg").out());
  }

  @Test
  void theyAreShown() throws IOException {
    assertThat(docs("device-states.md")).contains("](device-states-v1.svg)", "](device-states-v2.svg)");
  }
}
