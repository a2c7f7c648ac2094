// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.cli.testing.RecordingServer;
import io.vfio4j.cli.testing.RunningCopyChecker;
import io.vfio4j.cli.testing.ServedTestDevice;
import io.vfio4j.model.DeviceState;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The checker finds two copies that run at the same time, and accepts one that runs after the other. */
class RunningCopyCheckerTest {

  @TempDir
  private Path folder;

  private void runBoth(boolean resetInBetween) throws Exception {
    try (RecordingServer one = RecordingServer.inProcess(folder.resolve("one.record"));
        RecordingServer other = RecordingServer.inProcess(folder.resolve("other.record"));
        ServedTestDevice source = ServedTestDevice.start(folder.resolve("one"), one.recording());
        ServedTestDevice target = ServedTestDevice.start(folder.resolve("other"), other.recording())) {
      source.mark(1);
      DecisionScenario.migrate(source, target);
      for (ServedTestDevice device : List.of(target, source)) {
        try (VfioUserClient client = device.awaitConnection()) {
          client.moveTo(DeviceState.RUNNING);
          if (resetInBetween) {
            client.reset();
          }
        }
      }
      assertThat(RunningCopyChecker.of(one, true)).hasSize(2);
      assertThat(RunningCopyChecker.of(other, false)).hasSize(1);
      RunningCopyChecker.assertNeverBothRunning(one, other);
    }
  }

  @Test
  void rejectsOverlappingCopies() {
    assertThatThrownBy(() -> runBoth(false)).isInstanceOf(AssertionError.class)
        .hasMessageContaining("both ran").hasMessageContaining("the one ran in");
  }

  @Test
  void acceptsConsecutiveCopies() throws Exception {
    runBoth(true);
  }
}
