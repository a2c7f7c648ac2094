// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.testkit.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Everything that can go wrong, at every step of a migration: the steps are those that a good run tells of, takes and
 * sends, so that a new one is covered by itself. docs/failures.md has what came of each, and is written anew with
 * {@code -Dvfio4j.failures.write=true}.
 */
class FailureTableTest {

  /** What breaks when the engine tells of a step. */
  private enum Break {
    CONNECTION("the connection is cut"), SOURCE_DEVICE("the source's device is lost"), TARGET_DEVICE(
        "the target's device is lost"),
    JOURNALS("no disk takes a record any more");

    private final String title;

    Break(String title) {
      this.title = title;
    }

    void happen(FaultTrial at) {
      switch (this) {
        case CONNECTION -> at.trial.cut();
        case SOURCE_DEVICE -> at.trial.source().lose();
        case TARGET_DEVICE -> at.trial.target().lose();
        case JOURNALS -> at.fillDisk();
      }
    }
  }

  /** Runs in which a side has something bad to tell; only the frames that tell it are of interest. */
  private static final Map<Side, List<Arc>> TROUBLES =
      Map.of(Side.SOURCE, List.of(new Arc(DeviceState.PRE_COPY_P2P, DeviceState.STOP_COPY)), Side.TARGET,
          List.of(new Arc(DeviceState.RESUMING, DeviceState.STOP),
              new Arc(DeviceState.STOP, DeviceState.RUNNING_P2P)));

  /** Long enough that a busy machine is not taken for a peer that stalls. */
  private static final Duration STALL = Duration.ofSeconds(1);

  /** Thousands of records are written out, and that no disk loses them is not what is tried here. */
  static final class InMemory implements TempDirFactory {
    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
        throws IOException {
      return Files.createTempDirectory(Path.of("/dev/shm"), "vfio4j-faults-");
    }
  }

  @TempDir(factory = InMemory.class)
  private Path folder;

  private FaultTrial faultTrial() throws IOException {
    return new FaultTrial(folder);
  }

  @Test
  void theDocumentSaysWhatBecomesOfEachFaultAtEachStep() throws Exception {
    FailureTable events = atEveryEvent();
    FailureTable arcs = atEveryArc();
    FailureTable frames = atEveryFrame();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("vfio4j-")) {
        assertThat(thread.join(Duration.ofMinutes(1))).as("%s is left over", thread.getName()).isTrue();
      }
    }
    assertThat(events.cells() + arcs.cells() + frames.cells()).isGreaterThan(200);
    DocumentSection.of("simulated").check("""
        When the engine tells of a step:

        %s
        When a device takes an arc:

        %s
        When a frame is sent, the first or the second of its kind:

        %s""".formatted(events, arcs, frames));
  }

  private FailureTable atEveryEvent() throws Exception {
    FaultTrial good = faultTrial();
    assertThat(good.run()).isEqualTo("target");
    Set<String> steps = new LinkedHashSet<>();
    for (Side side : Side.values()) { // Between the sides there is no order that each run would keep.
      good.trial.events.stream().filter(event -> event.side() == side)
          .forEach(event -> step(event).ifPresent(steps::add));
    }
    assertThat(steps).contains("source has put down *given*", "target has put down *mine*",
        "target is about to move STOP > RUNNING_P2P", "source has ended a round");
    FailureTable table = new FailureTable("step");
    for (String step : steps) {
      for (Break breakage : Break.values()) {
        FaultTrial run = faultTrial();
        boolean[] broken = new boolean[1];
        run.trial.listener = event -> {
          if (!broken[0] && step(event).filter(step::equals).isPresent()) {
            broken[0] = true;
            breakage.happen(run);
          }
        };
        String outcome = run.run();
        assertThat(broken[0]).as("%s, %s: %s, %s", step, breakage, outcome, run.trial.events).isTrue();
        table.put(step, breakage.title, outcome);
      }
    }
    return table;
  }

  private FailureTable atEveryArc() throws Exception {
    FaultTrial good = faultTrial();
    good.run();
    FailureTable table = new FailureTable("arc");
    for (Side side : Side.values()) {
      Set<Arc> arcs = new LinkedHashSet<>();
      good.trial.events.stream().filter(event -> event.side() == side)
          .filter(MigrationEvent.DeviceMoved.class::isInstance).map(MigrationEvent.DeviceMoved.class::cast)
          .filter(moved -> !moved.reason().startsWith("reset"))
          .forEach(moved -> arcs.addAll(way(moved.from(), moved.to())));
      for (Arc arc : arcs) {
        String row = "%s %s > %s".formatted(side, arc.from(), arc.to());
        table.put(row, "it fails", withFault(side, new Fault.FailArc(arc, Errno.EIO, false, 1)));
        table.put(row, "it fails, and the device is in ERROR",
            withFault(side, new Fault.FailArc(arc, Errno.EIO, true, 1)));
        table.put(row, "the device is lost", withFault(side, new Fault.LoseAtArc(arc)));
      }
    }
    return table;
  }

  /** Returns the arcs of a way; a device that stays where it is takes none. */
  private static List<Arc> way(DeviceState from, DeviceState to) {
    List<DeviceState> path = from == to
        ? List.of(from)
        : NextState.of(MigrationFeatures.ALL).path(from, to).orElseThrow();
    List<Arc> way = new ArrayList<>();
    for (int i = 1; i < path.size(); i++) {
      way.add(new Arc(path.get(i - 1), path.get(i)));
    }
    return way;
  }

  private String withFault(Side side, Fault fault) throws Exception {
    FaultTrial run = withTrouble(side, fault);
    String outcome = run.run();
    if (fault instanceof Fault.FailArc && run.trial.report().isEmpty()) {
      assertThat(run.trial.failureWithoutChecks()).as("the original error").hasStackTraceContaining("EIO");
    }
    return outcome;
  }

  private FaultTrial withTrouble(Side side, Fault fault) throws IOException {
    FaultTrial run = faultTrial();
    if (side == Side.SOURCE) {
      run.trial.sourceSettings = run.trial.sourceSettings.withFaults(fault);
    } else {
      run.trial.targetSettings = run.trial.targetSettings.withFaults(fault);
    }
    return run;
  }

  /** One frame in a run of which the frame is a part. */
  private record Sent(Side side, FrameKind kind, int number, Optional<Fault> trouble) {

    String title() {
      return "%s sends %s%s".formatted(side, kind, number == 1 ? "" : ", the second");
    }
  }

  /** What happens to one frame. */
  private record Cell(Sent sent, FaultyWire.Trouble trouble) {
  }

  private FailureTable atEveryFrame() throws Exception {
    FailureTable table = new FailureTable("frame");
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) { // Most of them wait for a stall to be over.
      Map<Cell, Future<String>> cells = new LinkedHashMap<>();
      for (Sent sent : frames()) {
        for (FaultyWire.Trouble trouble : FaultyWire.Trouble.values()) {
          Callable<String> cell = () -> atFrame(sent, trouble);
          cells.put(new Cell(sent, trouble), threads.submit(cell));
        }
      }
      for (Map.Entry<Cell, Future<String>> cell : cells.entrySet()) {
        table.put(cell.getKey().sent().title(), cell.getKey().trouble().title, result(cell.getValue()));
      }
    }
    return table;
  }

  private static String result(Future<String> cell) throws InterruptedException {
    try {
      return cell.get();
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  private String atFrame(Sent sent, FaultyWire.Trouble trouble) throws Exception {
    FaultTrial run = sent.trouble().isPresent()
        ? withTrouble(sent.side(), sent.trouble().get())
        : faultTrial();
    if (trouble == FaultyWire.Trouble.SWALLOWED) {
      run.trial.options = run.trial.options.withStallTimeout(STALL);
    }
    FaultyWire[] wire = new FaultyWire[1];
    UnaryOperator<Transport> faulty =
        inner -> wire[0] = new FaultyWire(inner, sent.kind(), sent.number(), trouble);
    if (sent.side() == Side.SOURCE) {
      run.trial.sourceTransport = faulty;
    } else {
      run.trial.targetTransport = faulty;
    }
    String outcome = run.run();
    assertThat(wire[0].hasHit()).as("%s, %s", sent, trouble).isTrue();
    return outcome;
  }

  private List<Sent> frames() throws Exception {
    List<Sent> frames = new ArrayList<>(sentIn(Side.SOURCE, Optional.empty()));
    frames.addAll(sentIn(Side.TARGET, Optional.empty()));
    for (Side side : Side.values()) {
      for (Arc arc : TROUBLES.getOrDefault(side, List.of())) {
        frames.addAll(sentIn(side, Optional.of(new Fault.FailArc(arc, Errno.EIO, false, 1))));
      }
    }
    return frames;
  }

  /** Returns the frames that a side sends: all kinds in a good run, and what tells of trouble in another. */
  private List<Sent> sentIn(Side side, Optional<Fault> trouble) throws Exception {
    FaultTrial run = trouble.isPresent() ? withTrouble(side, trouble.get()) : faultTrial();
    Map<FrameKind, Integer> counts = new TreeMap<>();
    run.trial.sourceTransport =
        inner -> side == Side.SOURCE ? FaultyWire.watching(inner, kind -> counts.merge(kind, 1, Integer::sum))
            : inner;
    run.trial.targetTransport =
        inner -> side == Side.TARGET ? FaultyWire.watching(inner, kind -> counts.merge(kind, 1, Integer::sum))
            : inner;
    run.run();
    List<Sent> sent = new ArrayList<>();
    counts.forEach((kind, count) -> {
      if (trouble.isEmpty() || kind.isBadNews()) {
        sent.add(new Sent(side, kind, 1, trouble));
        if (kind == FrameKind.DATA && count > 1) { // How many rounds there are is open.
          sent.add(new Sent(side, kind, 2, trouble));
        }
      }
    });
    return sent;
  }

  /** Returns the name of the step that an event stands for, if it does. */
  private static Optional<String> step(MigrationEvent event) {
    return switch (event) {
      case MigrationEvent.PhaseBegan began -> Optional.of(began.side() + " enters " + began.phase().title());
      case MigrationEvent.DeviceMoving moving -> Optional
          .of("%s is about to move %s > %s".formatted(moving.side(), moving.from(), moving.to()));
      case MigrationEvent.DeviceMoved moved -> Optional
          .of("%s has moved %s > %s".formatted(moved.side(), moved.from(), moved.to()));
      case MigrationEvent.Recorded recorded ->
        Optional.of("%s has put down *%s*".formatted(recorded.side(), recorded.step()));
      case MigrationEvent.RoundEnded _ -> Optional.of("source has ended a round");
      case MigrationEvent.Progress _,MigrationEvent.Noted _ -> Optional.empty();
    };
  }
}
