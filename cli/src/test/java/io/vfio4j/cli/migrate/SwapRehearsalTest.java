// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SwapRehearsalTest {

  @TempDir
  private Path folder;

  /** Each swap leaves the journals of both sides, which say that the target runs the device. */
  @Test
  void swapsBackAndForth() throws Exception {
    new SwapRehearsal(folder).run(3);

    List<JournalStep> last = new ArrayList<>();
    for (JournalFile file : StateDirectory.open(folder.resolve("state")).all()) {
      last.add(file.read().orElseThrow().last().step());
    }
    assertThat(last).hasSize(6).containsOnly(JournalStep.CONFIRMED, JournalStep.RUNNING);
  }
}
