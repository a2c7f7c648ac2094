// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.testkit.DocumentSection;
import io.vfio4j.testkit.FailureTable;
import io.vfio4j.testkit.OpenResources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Every fault at every step of a migration. The steps are the events, arcs and frames of a run, so that new
 * ones are covered automatically. docs/failures.md contains the outcomes, and is regenerated with {@code
 * -Dvfio4j.failures.write=true}.
 */
class FailureTableTest {

  static final FaultTrial.Setup ONE_DEVICE = new FaultTrial.Setup(1, false);
  private static final FaultTrial.Setup TWO_DEVICES = new FaultTrial.Setup(2, true);

  /** Thousands of records are written; durability is not what this test checks. */
  static final class InMemory implements TempDirFactory {
    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
        throws IOException {
      return Files.createTempDirectory(Path.of("/dev/shm"), "vfio4j-faults-");
    }
  }

  @TempDir(factory = InMemory.class)
  private Path folder;

  private OpenResources before;

  @Test
  void matchesDocumentForOneDevice() throws Exception {
    try (FaultHarness harness =
        new FaultHarness(folder, ONE_DEVICE, FaultHarness.AT_ONCE, SimulatedDisk::new)) {
      FailureTable events =
          new EventFaults(harness, EventFaults.FaultKind.values()).on(Arrays.asList(FaultScenario.values()));
      FailureTable arcs = new ArcFaults(harness).on(Arrays.asList(FaultScenario.values()));
      FailureTable frames = new FrameFaults(harness).inEveryFrame();
      FailureTable questions = new OwnershipQueryFaults(folder, harness).inEveryFrame();
      assertThat(events.cellCount() + arcs.cellCount() + frames.cellCount()).isGreaterThan(500);
      assertThat(events.toString()).contains("source recorded *given*", "target recorded *committed*",
          "target starts STOP > RUNNING_P2P", "source completed a round");
      DocumentSection.of("one device").check("""
          At each step that the engine reports:

          %s
          When a device takes an arc:

          %s
          When a frame is sent, the first or the second of its kind:

          %s
          When a source queries the owner of devices that the target did not commit to:

          %s""".formatted(events, arcs, frames, questions));
    }
  }

  @Test
  void matchesDocumentForTwoDevicesAndMemory() throws Exception {
    try (FaultHarness harness =
        new FaultHarness(folder, TWO_DEVICES, FaultHarness.AT_ONCE, SimulatedDisk::new)) {
      List<FaultScenario> scenarios = List.of(FaultScenario.GOOD, FaultScenario.TARGET_CANNOT_LOAD);
      FailureTable events =
          new EventFaults(harness, EventFaults.FaultKind.SOURCE_DEVICE, EventFaults.FaultKind.TARGET_DEVICE)
              .on(scenarios);
      FailureTable arcs = new ArcFaults(harness).on(scenarios);
      FailureTable frames = new FrameFaults(harness).onExtraConnections();
      DocumentSection.of("two devices").check("""
          At each step that the engine reports:

          %s
          When the second device takes an arc:

          %s
          When a frame is sent over an extra connection:

          %s""".formatted(events, arcs, frames));
    }
  }

  /** Opens what is opened once per process and kept. */
  @BeforeEach
  void checkTargetCannotLoad() throws Exception {
    try (
        FaultHarness harness =
            new FaultHarness(folder, TWO_DEVICES, FaultHarness.AT_ONCE, SimulatedDisk::new);
        FaultTrial run = harness.trial(FaultScenario.TARGET_CANNOT_START)) {
      run.run();
    }
    before = OpenResources.current();
  }

  @AfterEach
  void assertNoThreadsOrFilesLeft() throws Exception {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("vfio4j-")) {
        assertThat(thread.join(Duration.ofMinutes(1))).as("%s is left over", thread.getName()).isTrue();
      }
    }
    assertThat(OpenResources.current().addedSince(before)).isEmpty();
  }
}
