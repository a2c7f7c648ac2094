// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.Journal;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.SimulatedDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * A migration with a fault, and who owns the devices afterwards: according to the devices themselves and the
 * journals ({@link OwnershipRecovery}), never according to the engine, whose report is compared with that.
 */
final class FaultTrial implements AutoCloseable {

  /**
   * On the simulated clock, on which a round takes a moment: several seconds of real waiting for the other
   * side.
   */
  private static final Duration DEADLINE = Duration.ofHours(6);

  /** For a run that the deadline ends. */
  private static final Duration SHORT_DEADLINE = Duration.ofMinutes(10);

  private static final int MEMORY = 40 * 4096;

  /**
   * What migrates.
   *
   * @param devices how many; the last one has the faults
   * @param withMemory whether memory migrates with them, over its own connection
   */
  record Setup(int devices, boolean withMemory) {
  }

  final GroupTrial trial;
  final FaultyTransports transports = new FaultyTransports();
  final StateDirectory state;
  private final Setup setup;
  private final Arena arena = Arena.ofShared();
  private final Map<Side, List<Fault>> faults = new EnumMap<>(Side.class);
  private final Disk disk;
  private boolean mayStall;

  /** Where journals are written; a full disk accepts nothing more. */
  interface Disk {

    /** Makes the disk full. */
    void fill() throws IOException;

    /** Makes room again. */
    void makeRoom() throws IOException;

    /** Returns the journal of the migration. */
    Journal journal(StateDirectory in) throws IOException;
  }

  FaultTrial(Path folder, Setup setup, Disk disk) throws IOException {
    this.setup = setup;
    this.disk = disk;
    state = StateDirectory.open(folder.resolve(UUID.randomUUID().toString()));
    trial = new GroupTrial(setup.devices());
    trial.connections = transports.connections();
    trial.options = MigrationTrial.PATIENT.withJournal(disk.journal(state)).withPolicy(policy(DEADLINE));
    int last = setup.devices() - 1;
    var source = trial.sourceSettings;
    var target = trial.targetSettings;
    trial.sourceSettings =
        number -> source.apply(number).withFaults(number == last ? of(Side.SOURCE) : new Fault[0]);
    trial.targetSettings =
        number -> target.apply(number).withFaults(number == last ? of(Side.TARGET) : new Fault[0]);
    if (setup.withMemory()) {
      trial.sourceMemory = memory();
      trial.targetMemory = memory();
      trial.sourceMemory.get(0).memory().fill((byte) 0x5e);
    }
  }

  private static DowntimePolicy policy(Duration deadline) {
    return new DowntimePolicy(deadline, WhenNotConverging.ABORT);
  }

  private MemoryRegions memory() {
    MemorySegment memory = arena.allocate(MEMORY, 4096);
    return MemoryRegions.of(new MemoryRegion("ram", 0, memory));
  }

  private Fault[] of(Side side) {
    return faults.getOrDefault(side, List.of()).toArray(Fault[]::new);
  }

  /** Gives a side's last device a fault. */
  FaultTrial withFault(Side side, Fault fault) {
    faults.computeIfAbsent(side, _ -> new ArrayList<>()).add(fault);
    return this;
  }

  /** Gives both sides a short stall timeout. */
  FaultTrial withStallTimeout(Duration timeout) {
    mayStall = true;
    trial.options = trial.options.withStallTimeout(timeout);
    return this;
  }

  /** Gives the source a short deadline. */
  FaultTrial withShortDeadline() {
    trial.options = trial.options.withPolicy(policy(SHORT_DEADLINE));
    return this;
  }

  /** Makes the disk of the journals full. */
  void fillDisk() {
    try {
      disk.fill();
    } catch (IOException e) {
      throw new AssertionError("the disk cannot be filled", e);
    }
  }

  /** Loses a side's last device. */
  void lose(Side side) {
    device(side, setup.devices() - 1).lose();
  }

  SimulatedDevice device(Side side, int number) {
    return side == Side.SOURCE ? trial.source(number) : trial.target(number);
  }

  /** Runs the migration, and returns its outcome in a few words. */
  String run() throws IOException {
    trial.run();
    disk.makeRoom();
    assertThat(transports.unclosedEnds()).as("connections left open").isEmpty();
    List<SimulatedDevice> sources = all(Side.SOURCE);
    List<SimulatedDevice> targets = all(Side.TARGET);
    if (sources.stream().noneMatch(SimulatedDevice::isLost)
        && targets.stream().noneMatch(SimulatedDevice::isLost)) {
      trial.checkBarriers();
    }
    if (trial.report().isEmpty()) {
      checkReportedOutcome(trial.failureWithoutChecks());
    }
    String owner = new OwnershipRecovery(this, sources, targets).run();
    trial.checkOneOwner();
    return owner;
  }

  private List<SimulatedDevice> all(Side side) {
    return IntStream.range(0, setup.devices()).mapToObj(number -> device(side, number)).toList();
  }

  long identity(int number) {
    return trial.sourceSettings.apply(number).device().stateFingerprint();
  }

  /** Checks the engine's report about each device that can still be queried. */
  private void checkReportedOutcome(MigrationException failure) {
    if (!mayStall) {
      StringWriter all = new StringWriter();
      failure.printStackTrace(new PrintWriter(all));
      assertThat(all.toString()).as("a side waits for a peer that never connects")
          .doesNotContain(StalledException.class.getName());
    }
    for (int i = 0; i < setup.devices(); i++) {
      SimulatedDevice device = trial.source(i);
      if (!device.isLost()) {
        checkReportedOutcome(failure.devices().get(i), device, identity(i));
      }
    }
  }

  private static void checkReportedOutcome(DeviceOutcome outcome, SimulatedDevice device, long identity) {
    assertThat(outcome.device()).isEqualTo(device.identity().name());
    long now = device.stateFingerprint();
    String is = device.machineState().name();
    String word = "%s: %s".formatted(outcome, device.operations());
    switch (outcome.outcome()) {
      case UNTOUCHED, SOURCE_RUNNING -> assertThat(is + now).as(word).isEqualTo("RUNNING" + identity);
      case SOURCE_RESET -> assertThat(is + now).as(word).isEqualTo("RUNNING0");
      case SOURCE_QUIET -> assertThat(is + now).as(word).isEqualTo("RUNNING_P2P" + identity);
      case SOURCE_STOPPED -> assertThat(outcome.state()).as(word).contains(device.machineState());
      case UNKNOWN -> assertThat(is + now).as(word).isEqualTo("STOP_COPY" + identity);
      case SOURCE_LOST, SOURCE_STUCK -> throw new AssertionError("it can be asked: " + word);
    }
  }

  /** Returns whether the memory at the target equals the source's, if any migrates. */
  boolean isMemoryThere() {
    return !setup.withMemory() || trial.sourceMemory.get(0).memory()
        .mismatch(trial.targetMemory.get(0).memory()) < 0;
  }

  JournalFile journalOf(MigrationId migration, Side side) {
    return state.find(migration, side).orElseThrow();
  }

  @Override
  public void close() {
    arena.close();
  }
}
