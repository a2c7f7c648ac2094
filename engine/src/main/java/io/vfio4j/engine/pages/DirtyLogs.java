// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.MigratableDevice;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The dirty logs of all writers to memory: each device has its own log, or uses that of the container, and the workload has
 * its own. If a device has neither, all memory counts as dirty in each round. A log that is missing or fails is reported
 * once.
 *
 * <p>
 * Owned by the coordinator. Each log is driven by the thread of its device, the container's and the workload's by any one
 * thread; the coordinator merges when all of them have completed a round.
 */
public final class DirtyLogs implements AutoCloseable {

  private final Arena arena = Arena.ofShared(); // Device threads write to the bitmaps.
  private final MemoryRegions memory;
  private final Consumer<String> notes;
  private final List<Optional<TrackedLog>> ofDevices = new ArrayList<>();
  private final Optional<TrackedLog> container;
  private final Optional<TrackedLog> workload;
  private boolean isUnlogged;

  /**
   * Selects the logs; none is started.
   *
   * @param devices the devices that write to the memory, in order
   * @param container the log of all memory that is mapped for devices, if there is one
   * @param workload the workload's log; empty if it does not write
   * @param notes is notified, in the coordinator's thread, of what cannot be logged
   */
  public DirtyLogs(MemoryRegions memory, List<? extends MigratableDevice> devices, Optional<DmaLog> container,
      Optional<DmaLog> workload, Consumer<String> notes) {
    this.memory = memory;
    this.notes = notes;
    List<String> unlogged = new ArrayList<>();
    for (MigratableDevice device : devices) {
      String name = device.identity().name();
      Optional<DmaLog> own = device.dmaLog().filter(log -> !memory.isEmpty());
      ofDevices.add(own.map(log -> tracked("device " + name, log)));
      if (own.isEmpty()) {
        unlogged.add(name);
      }
    }
    boolean containerNeeded = !unlogged.isEmpty() && !memory.isEmpty();
    this.container = container.filter(log -> containerNeeded).map(log -> tracked("the container", log));
    this.workload = workload.filter(log -> !memory.isEmpty()).map(log -> tracked("the workload", log));
    if (containerNeeded && container.isEmpty()) {
      addUnloggedWriter(String.join(", ", unlogged));
    }
  }

  /** Adds a writer without a log: all memory counts as dirty in each round. */
  public void addUnloggedWriter(String name) {
    isUnlogged = true;
    notes.accept("no dirty log for writes by %s: all memory counts as dirty in each round".formatted(name));
  }

  private TrackedLog tracked(String owner, DmaLog log) {
    return new TrackedLog(owner, log, memory, arena);
  }

  /** Returns the log of a device, which the device's thread drives; empty if it has none. */
  public Optional<TrackedLog> ofDevice(int number) {
    return ofDevices.get(number);
  }

  /** Returns the container's log; empty also if every device has its own. */
  public Optional<TrackedLog> container() {
    return container;
  }

  public Optional<TrackedLog> workload() {
    return workload;
  }

  private Stream<TrackedLog> all() {
    return Stream.of(ofDevices.stream().flatMap(Optional::stream), container.stream(), workload.stream())
        .flatMap(logs -> logs);
  }

  /**
   * Marks the pages that all logs have collected; all pages if one of the logs has failed.
   *
   * @return the number of pending pages
   */
  public long mergeInto(PendingPages pending) {
    reportNotes();
    if (isUnlogged || all().anyMatch(TrackedLog::isUnknown)) {
      pending.markAll();
    } else {
      all().forEach(log -> log.mergeInto(pending));
    }
    return pending.count();
  }

  /** Reports failures of logs since the last report; {@link #mergeInto} does so too. */
  public void reportNotes() {
    all().flatMap(log -> log.drainNotes().stream()).forEach(notes);
  }

  /** Frees the bitmaps. Each log must have been stopped by its thread. */
  @Override
  public void close() {
    arena.close();
  }
}
