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
 * Who wrote to memory: each device by its own log, else by the container's, and the workload by its own. Where a device
 * has neither, all memory is dirty in each round. What is not logged, or fails, is said once.
 *
 * <p>
 * The coordinator owns this. It has each log driven by the thread of its device, the container's and the workload's by
 * any one thread, and merges when all of them are done with a round.
 */
public final class DirtyLogs implements AutoCloseable {

  private final Arena arena = Arena.ofShared(); // Devices have threads of their own.
  private final MemoryRegions memory;
  private final Consumer<String> notes;
  private final List<Optional<TrackedLog>> ofDevices = new ArrayList<>();
  private final Optional<TrackedLog> container;
  private final Optional<TrackedLog> workload;
  private boolean isUnlogged;

  /**
   * Chooses the logs; none is started.
   *
   * @param devices whose writes count, in order
   * @param container the log of all memory that is mapped for devices, if there is one
   * @param workload the workload's log; empty where it writes nothing
   * @param notes hears, from the coordinator's thread, what cannot be logged
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

  /** Somebody writes to memory, and nobody logs it. */
  public void addUnloggedWriter(String by) {
    isUnlogged = true;
    notes.accept("nobody logs what is written by %s: all memory counts as dirty in each round".formatted(by));
  }

  private TrackedLog tracked(String owner, DmaLog log) {
    return new TrackedLog(owner, log, memory, arena);
  }

  /** Returns the log of a device, to be driven by the device's thread; empty where it has none. */
  public Optional<TrackedLog> ofDevice(int number) {
    return ofDevices.get(number);
  }

  /** Returns the container's log; empty also where every device has its own. */
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
   * Marks what all logs have collected, or all pages where one of them does not know.
   *
   * @return how many pages are pending then
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

  /** Says what went wrong with logs since; {@link #mergeInto} does so too. */
  public void reportNotes() {
    all().flatMap(log -> log.drainNotes().stream()).forEach(notes);
  }

  /** Frees the bitmaps. No thread may be in a log any more, and each has been stopped by its own. */
  @Override
  public void close() {
    arena.close();
  }
}
