// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.testkit.FailureTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Has something happen to the question who owns the devices, or to the answer; then it is asked again. */
final class QuestionFaults {

  private final Path folder;
  private final FaultLab.Cells cells;

  QuestionFaults(Path folder, FaultLab lab) {
    this.folder = folder;
    this.cells = lab.new Cells();
  }

  /** Returns what came of each, by frame and by what happened to it. */
  FailureTable everywhere() throws InterruptedException {
    for (FaultyWires.Frame frame : List.of(new FaultyWires.Frame(Side.SOURCE, 0, FrameKind.ASK),
        new FaultyWires.Frame(Side.TARGET, 0, FrameKind.ANSWER))) {
      for (FaultyWire.Trouble trouble : FaultyWire.Trouble.values()) {
        cells.add("%s sends %s".formatted(frame.side(), frame.kind()), trouble.title,
            () -> at(frame, trouble));
      }
    }
    return cells.table("frame");
  }

  /** The source has given its devices away, and the target has not taken them. */
  private String at(FaultyWires.Frame frame, FaultyWire.Trouble trouble) throws IOException {
    Session session = Session.random();
    StateDirectory state = StateDirectory.open(folder.resolve("asked-" + session));
    JournalFile source = begin(state, session, Side.SOURCE);
    source.add(JournalStep.GIVEN, "the target has loaded everything");
    begin(state, session, Side.TARGET);
    FaultyWires wires = new FaultyWires();
    wires.trouble(frame, 1, trouble);
    boolean isAnswered = true;
    try {
      assertThat(OwnershipTrial.ask(wires, state, session).verdict()).isEqualTo(Verdict.NOT_MINE);
    } catch (IOException e) {
      isAnswered = false;
    }
    assertThat(wires.hasHit()).isTrue();
    assertThat(wires.left()).as("connections that nobody closed").isEmpty();
    assertThat(OwnershipTrial.ask(new FaultyWires(), state, session).verdict()).isEqualTo(Verdict.NOT_MINE);
    assertThat(state.find(session, Side.TARGET).orElseThrow().read().map(JournalContents::last)
        .orElseThrow().step()).isEqualTo(JournalStep.REFUSED);
    return isAnswered ? "not mine" : "no answer; asked again: not mine";
  }

  private static JournalFile begin(StateDirectory state, Session session, Side side) throws IOException {
    return state.begin(new Journal.Heading(session, side, List.of("device"), "the other side"));
  }
}
