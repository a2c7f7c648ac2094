// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.testing.CommandRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The diagrams in docs/ are current. */
class DiagramsInDocsTest {

  private static String docs(String file) throws IOException {
    return Files.readString(Path.of(System.getProperty("basedir", ".")).resolve("../docs").resolve(file));
  }

  @Test
  void matchesVersion1Diagram() throws IOException {
    assertThat(docs("device-states-v1.svg"))
        .as("regenerate: ./vfio4j states --v1 --format svg > docs/device-states-v1.svg")
        .isEqualTo(CommandRun.vfio4j("states", "--v1", "--format", "svg").out());
  }

  @Test
  void matchesVersion2Diagram() throws IOException {
    assertThat(docs("device-states-v2.svg"))
        .as("regenerate: ./vfio4j states --format svg > docs/device-states-v2.svg")
        .isEqualTo(CommandRun.vfio4j("states", "--format", "svg").out());
  }

  @Test
  void linksDiagramsInPage() throws IOException {
    assertThat(docs("device-states.md")).contains("](device-states-v1.svg)", "](device-states-v2.svg)");
  }
}
