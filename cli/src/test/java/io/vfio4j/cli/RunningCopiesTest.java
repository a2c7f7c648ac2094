// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checker of recordings can fail: it finds two copies that run, and says nothing of one that runs after the other. */
class RunningCopiesTest {

  @TempDir
  private Path folder;

  private void runBoth(boolean resetInBetween) throws Exception {
    try (RecordedServer one = RecordedServer.here(folder.resolve("one.record"));
        RecordedServer other = RecordedServer.here(folder.resolve("other.record"));
        Served source = Served.at(folder.resolve("one"), one.recording());
        Served target = Served.at(folder.resolve("other"), other.recording())) {
      source.mark(1);
      DecisionTrial.move(source, target);
      for (Served device : List.of(target, source)) {
        try (VfioUserClient client = device.connectWhenFree()) {
          client.moveTo(DeviceState.RUNNING);
          if (resetInBetween) {
            client.reset();
          }
        }
      }
      assertThat(RunningCopies.of(one, true)).hasSize(2);
      assertThat(RunningCopies.of(other, false)).hasSize(1);
      RunningCopies.assertOneAtATime(one, other);
    }
  }

  @Test
  void findsTwoThatRun() {
    assertThatThrownBy(() -> runBoth(false)).isInstanceOf(AssertionError.class)
        .hasMessageContaining("both ran").hasMessageContaining("the one ran in");
  }

  @Test
  void letsOneRunAfterTheOther() throws Exception {
    runBoth(true);
  }
}
