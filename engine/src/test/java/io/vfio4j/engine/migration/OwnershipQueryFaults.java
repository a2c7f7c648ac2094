// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.testkit.FailureTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Injects faults into an ownership query or its answer, and then repeats it. */
final class OwnershipQueryFaults {

  private final Path folder;
  private final FaultHarness.Cells cells;

  OwnershipQueryFaults(Path folder, FaultHarness harness) {
    this.folder = folder;
    this.cells = harness.new Cells();
  }

  /** Returns the outcome of each fault, by frame. */
  FailureTable inEveryFrame() throws InterruptedException {
    for (FaultyTransports.Frame frame : List.of(new FaultyTransports.Frame(Side.SOURCE, 0, FrameKind.ASK),
        new FaultyTransports.Frame(Side.TARGET, 0, FrameKind.ANSWER))) {
      for (FaultyTransport.FrameFault trouble : FaultyTransport.FrameFault.values()) {
        cells.add("%s sends %s".formatted(frame.side(), frame.kind()), trouble.title,
            () -> at(frame, trouble));
      }
    }
    return cells.table("frame");
  }

  /** The source has sent COMMIT, which the target has not received. */
  private String at(FaultyTransports.Frame frame, FaultyTransport.FrameFault trouble) throws IOException {
    MigrationId migration = MigrationId.random();
    StateDirectory state = StateDirectory.open(folder.resolve("asked-" + migration));
    JournalFile source = begin(state, migration, Side.SOURCE);
    source.add(JournalStep.GIVEN, "the target has loaded everything");
    begin(state, migration, Side.TARGET);
    FaultyTransports transports = new FaultyTransports();
    transports.trouble(frame, 1, trouble);
    boolean isAnswered = true;
    try {
      assertThat(OwnershipQueryTrial.ask(transports, state, migration).verdict())
          .isEqualTo(Verdict.NOT_COMMITTED);
    } catch (IOException e) {
      isAnswered = false;
    }
    assertThat(transports.hasTriggered()).isTrue();
    assertThat(transports.unclosedEnds()).as("connections left open").isEmpty();
    assertThat(OwnershipQueryTrial.ask(new FaultyTransports(), state, migration).verdict())
        .isEqualTo(Verdict.NOT_COMMITTED);
    assertThat(state.find(migration, Side.TARGET).orElseThrow().read().map(JournalContents::last)
        .orElseThrow().step()).isEqualTo(JournalStep.REFUSED);
    return isAnswered ? "not committed" : "no answer; queried again: not committed";
  }

  private static JournalFile begin(StateDirectory state, MigrationId migration, Side side)
      throws IOException {
    return state.begin(new Journal.Header(migration, side, List.of("device"), "the other side"));
  }
}
