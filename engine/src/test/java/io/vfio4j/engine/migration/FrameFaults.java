// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.stream.FrameKind;
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

/** Injects a fault at a frame, the first or the second of each kind that a side sends. */
final class FrameFaults {

  private final FaultHarness harness;
  private final FaultHarness.Cells cells;

  FrameFaults(FaultHarness harness) {
    this.harness = harness;
    this.cells = harness.new Cells();
  }

  /** A frame and the scenario in which it is sent. */
  private record SentFrame(FaultScenario scenario, FaultyTransports.Frame frame, int number) {

    String title(FaultTrial.Setup setup) {
      return "%s sends %s%s%s".formatted(frame.side(), frame.kind(), number == 1 ? "" : ", the second",
          over(frame.connection(), setup));
    }

    private static String over(int connection, FaultTrial.Setup setup) {
      if (connection == 0) {
        return "";
      }
      return connection > setup.devices()
          ? ", over memory's connection"
          : ", over the %s device's connection".formatted(OwnershipRecovery.ORDINALS.get(connection - 1));
    }
  }

  /** Returns the outcome of each fault, by frame. */
  FailureTable inEveryFrame() throws IOException, InterruptedException {
    return of(frames(0));
  }

  /** As {@link #inEveryFrame}, for the extra connections. */
  FailureTable onExtraConnections() throws IOException, InterruptedException {
    return of(frames(1));
  }

  private FailureTable of(List<SentFrame> frames) throws InterruptedException {
    for (SentFrame sent : frames) {
      for (FaultyTransport.FrameFault trouble : FaultyTransport.FrameFault.values()) {
        cells.add(sent.title(harness.cargo()), trouble.title, () -> at(sent, trouble));
      }
    }
    return cells.table("frame");
  }

  private List<SentFrame> frames(int firstConnection) throws IOException {
    List<SentFrame> frames = new ArrayList<>();
    for (FaultScenario scenario : FaultScenario.values()) {
      framesSentIn(scenario).stream().filter(sent -> sent.frame().connection() >= firstConnection)
          .filter(sent -> frames.stream().noneMatch(earlier -> earlier.frame().equals(sent.frame())
              && earlier.number() == sent.number()))
          .forEach(frames::add);
    }
    heartbeats().stream().filter(sent -> sent.frame().connection() >= firstConnection)
        .forEach(frames::add);
    return frames;
  }

  /** Returns the frames of a scenario, each kind once, because the number of rounds varies. */
  private List<SentFrame> framesSentIn(FaultScenario scenario) throws IOException {
    Map<FaultyTransports.Frame, Integer> counts = Collections.synchronizedMap(new TreeMap<>(
        Comparator.comparing(FaultyTransports.Frame::side)
            .thenComparingInt(FaultyTransports.Frame::connection)
            .thenComparing(FaultyTransports.Frame::kind)));
    try (FaultTrial run = harness.trial(scenario)) {
      run.transports.listen(frame -> counts.merge(frame, 1, Integer::sum));
      run.run();
    }
    List<SentFrame> sent = new ArrayList<>();
    counts.forEach((frame, count) -> {
      if (scenario == FaultScenario.GOOD ? frame.kind() != FrameKind.ALIVE : frame.kind().isFailure()) {
        sent.add(new SentFrame(scenario, frame, 1));
        if (frame.kind() == FrameKind.DATA && count > 1 && frame.connection() == 0) {
          sent.add(new SentFrame(scenario, frame, 2));
        }
      }
    });
    return sent;
  }

  /** A source that has nothing to send while a device call takes long sends ALIVE. */
  private List<SentFrame> heartbeats() {
    int connections = harness.cargo().devices() > 1 ? harness.cargo().devices() + 2 : 1;
    return IntStream.range(0, connections)
        .mapToObj(
            number -> new SentFrame(FaultScenario.GOOD,
                new FaultyTransports.Frame(Side.SOURCE, number, FrameKind.ALIVE), 1))
        .toList();
  }

  private FaultTrial prepare(SentFrame sent) throws IOException {
    FaultTrial run = harness.trial(sent.scenario());
    if (sent.frame().kind() == FrameKind.ALIVE) {
      CountDownLatch sign = new CountDownLatch(1);
      run.withFault(Side.SOURCE,
          new Fault.ArcBlock(new Arc(DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY), sign));
      run.transports.listen(frame -> {
        if (frame.equals(sent.frame())) {
          sign.countDown();
        }
      });
    }
    return run;
  }

  /**
   * Whether the source notices the broken connection before COMMIT varies, and so does which timeout expires
   * first when COMMIT is lost.
   */
  private static boolean isRacy(FrameKind kind, FaultyTransport.FrameFault trouble) {
    return (kind == FrameKind.LOADED && trouble == FaultyTransport.FrameFault.CUT_AFTER)
        || (kind == FrameKind.COMMIT && trouble == FaultyTransport.FrameFault.SWALLOWED);
  }

  private static String eitherOutcome(String outcome) {
    assertThat(outcome).isIn("source", "`recover`: source");
    return "source, or `recover`: source";
  }

  private String at(SentFrame sent, FaultyTransport.FrameFault trouble) throws IOException {
    try (FaultTrial run = prepare(sent)) {
      boolean isWaitedFor = trouble == FaultyTransport.FrameFault.SWALLOWED || sent.frame().connection() > 0
          || sent.frame().kind() == FrameKind.ALIVE;
      if (isWaitedFor) {
        run.withStallTimeout(FaultHarness.STALL);
      }
      if (sent.frame().kind() == FrameKind.INITIAL_LOADED) {
        run.withShortDeadline();
      }
      run.transports.trouble(sent.frame(), sent.number(), trouble);
      String outcome = run.run();
      assertThat(run.transports.hasTriggered()).as("%s, %s", sent, trouble).isTrue();
      return isRacy(sent.frame().kind(), trouble) ? eitherOutcome(outcome) : outcome;
    }
  }
}
