// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.FailureTable;
import io.vfio4j.testkit.Fault;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

/** Has something happen to a frame, to the first or the second of its kind, of each kind that a side sends. */
final class FrameFaults {

  private final FaultLab lab;
  private final FaultLab.Cells cells;

  FrameFaults(FaultLab lab) {
    this.lab = lab;
    this.cells = lab.new Cells();
  }

  /** A frame, and the way on which it is sent. */
  private record Sent(Course course, FaultyWires.Frame frame, int number) {

    String title(FaultTrial.Cargo cargo) {
      return "%s sends %s%s%s".formatted(frame.side(), frame.kind(), number == 1 ? "" : ", the second",
          over(frame.connection(), cargo));
    }

    private static String over(int connection, FaultTrial.Cargo cargo) {
      if (connection == 0) {
        return "";
      }
      return connection > cargo.devices()
          ? ", over memory's connection"
          : ", over the %s device's connection".formatted(OwnerSearch.ORDINALS.get(connection - 1));
    }
  }

  /** Returns what came of each, by frame and by what happened to it. */
  FailureTable everywhere() throws IOException, InterruptedException {
    return of(frames(0));
  }

  /** As {@link #everywhere}, for the connections besides that which both sides talk over. */
  FailureTable onFurtherConnections() throws IOException, InterruptedException {
    return of(frames(1));
  }

  private FailureTable of(List<Sent> frames) throws InterruptedException {
    for (Sent sent : frames) {
      for (FaultyWire.Trouble trouble : FaultyWire.Trouble.values()) {
        cells.add(sent.title(lab.cargo()), trouble.title, () -> at(sent, trouble));
      }
    }
    return cells.table("frame");
  }

  private List<Sent> frames(int firstConnection) throws IOException {
    List<Sent> frames = new ArrayList<>();
    for (Course course : Course.values()) {
      sentOn(course).stream().filter(sent -> sent.frame().connection() >= firstConnection)
          .filter(sent -> frames.stream().noneMatch(earlier -> earlier.frame().equals(sent.frame())
              && earlier.number() == sent.number()))
          .forEach(frames::add);
    }
    signsOfLife().stream().filter(sent -> sent.frame().connection() >= firstConnection)
        .forEach(frames::add);
    return frames;
  }

  /** Returns the frames that are sent on a way, each kind once; how many rounds there are is open. */
  private List<Sent> sentOn(Course course) throws IOException {
    Map<FaultyWires.Frame, Integer> counts = Collections.synchronizedMap(new TreeMap<>(
        Comparator.comparing(FaultyWires.Frame::side).thenComparingInt(FaultyWires.Frame::connection)
            .thenComparing(FaultyWires.Frame::kind)));
    try (FaultTrial run = lab.trial(course)) {
      run.wires.watch(frame -> counts.merge(frame, 1, Integer::sum));
      run.run();
    }
    List<Sent> sent = new ArrayList<>();
    counts.forEach((frame, count) -> {
      if (course == Course.GOOD ? frame.kind() != FrameKind.ALIVE : frame.kind().isBadNews()) {
        sent.add(new Sent(course, frame, 1));
        if (frame.kind() == FrameKind.DATA && count > 1 && frame.connection() == 0) {
          sent.add(new Sent(course, frame, 2));
        }
      }
    });
    return sent;
  }

  /** A source that has nothing to say while its device takes long shows that it is there. */
  private List<Sent> signsOfLife() {
    int connections = lab.cargo().devices() > 1 ? lab.cargo().devices() + 2 : 1;
    return IntStream.range(0, connections)
        .mapToObj(
            number -> new Sent(Course.GOOD, new FaultyWires.Frame(Side.SOURCE, number, FrameKind.ALIVE), 1))
        .toList();
  }

  private FaultTrial prepared(Sent sent) throws IOException {
    FaultTrial run = lab.trial(sent.course());
    if (sent.frame().kind() == FrameKind.ALIVE) {
      CountDownLatch sign = new CountDownLatch(1);
      run.withFault(Side.SOURCE,
          new Fault.HoldArc(new Arc(DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY), sign));
      run.wires.watch(frame -> {
        if (frame.equals(sent.frame())) {
          sign.countDown();
        }
      });
    }
    return run;
  }

  /**
   * Whether the source sees that the connection is gone before it gives the devices away is open, and so is whose
   * patience ends first when the word that gives them away is lost.
   */
  private static boolean isRace(FrameKind kind, FaultyWire.Trouble trouble) {
    return (kind == FrameKind.LOADED && trouble == FaultyWire.Trouble.CUT_AFTER)
        || (kind == FrameKind.YOURS && trouble == FaultyWire.Trouble.SWALLOWED);
  }

  private static String eitherWay(String outcome) {
    assertThat(outcome).isIn("source", "`recover`: source");
    return "source, or `recover`: source";
  }

  private String at(Sent sent, FaultyWire.Trouble trouble) throws IOException {
    try (FaultTrial run = prepared(sent)) {
      boolean isWaitedFor = trouble == FaultyWire.Trouble.SWALLOWED || sent.frame().connection() > 0
          || sent.frame().kind() == FrameKind.ALIVE;
      if (isWaitedFor) {
        run.withStallTimeout(FaultLab.STALL);
      }
      if (sent.frame().kind() == FrameKind.INITIAL_LOADED) {
        run.withShortDeadline();
      }
      run.wires.trouble(sent.frame(), sent.number(), trouble);
      String outcome = run.run();
      assertThat(run.wires.hasHit()).as("%s, %s", sent, trouble).isTrue();
      return isRace(sent.frame().kind(), trouble) ? eitherWay(outcome) : outcome;
    }
  }
}
