// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.connection.Confirmations;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.memory.RegionRules;
import io.vfio4j.engine.pages.ChannelShards;
import io.vfio4j.engine.pages.DirtyLogs;
import io.vfio4j.engine.pages.MemorySender;
import io.vfio4j.engine.pages.PendingPages;
import io.vfio4j.engine.pages.TrackedLog;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.progress.TransferAccounting;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Futures;
import io.vfio4j.engine.util.TaskWaiter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * The source's memory: its dirty logs, its pending pages, and the connections that it is sent over. The
 * coordinating thread collects the logs between rounds; each connection has a sending thread, and owns its
 * own words of the pending bitmap.
 */
public final class SourceMemory implements AutoCloseable {

  private final MemoryRegions memory;
  private final DeviceGroup group;
  private final DirtyLogs logs;
  private final PendingPages pending;
  private final List<Channel> channels = new ArrayList<>();
  private final List<StreamConnection> connections;
  private final ExecutorService threads;
  private final PhaseTracker tracker;
  private final boolean ownsConnections;
  private final Confirmations confirmations;
  private final int firstConnection;

  /**
   * A connection for memory. {@code busyNanos} and {@code last} are written by its sending thread and read by
   * the coordinating one.
   */
  private static final class Channel {
    private final MemorySender sender;
    private final AtomicLong busyNanos = new AtomicLong();
    private volatile Pass last = new Pass(0, 0);

    Channel(MemorySender sender) {
      this.sender = sender;
    }
  }

  /** What a connection sent in one pass. */
  private record Pass(long bytes, long nanos) {
  }

  /**
   * The connections that memory is sent over.
   *
   * @param connections the connections, at least one
   * @param first the number of the first of them among all connections; 0 if memory shares the first connection
   * @param confirmations the confirmations requested from the target
   */
  record Channels(List<StreamConnection> connections, int first, Confirmations confirmations) {

    boolean isShared() {
      return first == 0;
    }
  }

  /** Creates the senders; nothing is sent and no log is started. */
  SourceMemory(MigrationContext context, Channels over, TransferAccounting accounting) {
    DeviceSet deviceSet = context.deviceSet();
    Workload workload = context.workload().workload();
    this.memory = deviceSet.memory();
    this.group = context.group();
    this.connections = over.connections();
    boolean shared = over.isShared();
    this.ownsConnections = !shared;
    this.confirmations = over.confirmations();
    this.firstConnection = over.first();
    this.tracker = context.tracker();
    this.logs = new DirtyLogs(memory, deviceSet.devices(), deviceSet.containerLog(), workload.dirtyLog(),
        tracker::note);
    if (workload.hasUnloggedWrites() && workload.dirtyLog().isEmpty()) {
      logs.addUnloggedWriter("the workload");
    }
    this.pending = new PendingPages(memory);
    ChannelShards shards = new ChannelShards(connections.size());
    for (int number = 0; number < connections.size(); number++) {
      FrameWriter out = shared ? connections.get(number).newWriter() : connections.get(number).out();
      channels.add(new Channel(new MemorySender(memory, pending, shards, number,
          new MemorySender.Output(out, accounting.chunk(MemorySender.FRAME_BYTES), (bytes, onWire) -> {
            accounting.acquire(onWire);
            accounting.countSent(bytes);
          }))));
    }
    this.threads = Executors.newFixedThreadPool(connections.size(),
        Thread.ofPlatform().name("vfio4j-memory-", 0).daemon(true).factory());
  }

  /** Starts all logs, each in the thread of its device. */
  void startLogs(TaskWaiter waiter) throws IOException {
    group.callAll("start its DMA log", waiter, device -> {
      logs.ofDevice(device.number()).ifPresent(TrackedLog::start);
      return device;
    });
    logs.container().ifPresent(TrackedLog::start);
    logs.workload().ifPresent(TrackedLog::start);
    logs.reportNotes();
  }

  /**
   * Reads and clears all logs.
   *
   * @return the number of bytes pending
   */
  long collect(TaskWaiter waiter) throws IOException {
    group.callAll("report its DMA log", waiter, device -> {
      logs.ofDevice(device.number()).ifPresent(TrackedLog::collect);
      return device;
    });
    logs.container().ifPresent(TrackedLog::collect);
    logs.workload().ifPresent(TrackedLog::collect);
    return logs.mergeInto(pending) * RegionRules.PAGE_SIZE;
  }

  /** Starts to send all pending pages, over all connections at once. */
  List<CompletableFuture<Long>> send() {
    return channels.stream().map(channel -> Futures.submit(threads, () -> send(channel))).toList();
  }

  /** Does the same, and requests confirmations over the connections for memory. */
  List<CompletableFuture<Long>> sendForConfirmation() {
    return IntStream.range(0, channels.size()).mapToObj(number -> Futures.submit(threads, () -> {
      long sent = send(channels.get(number));
      if (ownsConnections && sent > 0) {
        confirmations.request(firstConnection + number, connections.get(number).out());
      }
      return sent;
    })).toList();
  }

  private Long send(Channel channel) throws IOException {
    long start = tracker.clock().nanoTime();
    long before = channel.sender.bytes();
    channel.sender.sendPending();
    long sent = channel.sender.bytes() - before;
    long took = sent > 0 ? tracker.clock().nanoTime() - start : 0;
    channel.busyNanos.addAndGet(took);
    channel.last = new Pass(sent, took);
    return sent;
  }

  /** Sends END over the connections for memory; nothing is being sent. */
  void end() throws IOException {
    if (ownsConnections) {
      for (StreamConnection connection : connections) {
        connection.out().sendEnd();
      }
    }
  }

  /** Stops all logs that were started, except those of hung devices; repeating it has no effect. */
  public void stopLogs() throws IOException {
    try {
      group.callAll("stop its DMA log", TaskWaiter.unwatched(), device -> {
        if (!device.isHung()) {
          logs.ofDevice(device.number()).ifPresent(TrackedLog::stop);
        }
        return device;
      });
    } finally {
      logs.container().ifPresent(TrackedLog::stop);
      logs.workload().ifPresent(TrackedLog::stop);
      logs.reportNotes();
    }
  }

  /** Stops all logs after a failure; errors are suppressed in its cause. */
  public void stopLogs(Throwable cause) {
    try {
      stopLogs();
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
  }

  /** Returns the bytes sent so far. */
  long bytes() {
    return channels.stream().mapToLong(channel -> channel.sender.bytes()).sum();
  }

  /** Returns the time during which each connection had something to send. */
  long[] busyNanos() {
    return channels.stream().mapToLong(channel -> channel.busyNanos.get()).toArray();
  }

  /** Returns the report; the last pass of each connection is the one sent during the downtime. */
  public MigrationReport.MemoryReport report() {
    long pages = channels.stream().mapToLong(channel -> channel.sender.pages()).sum();
    long zeroPages = channels.stream().mapToLong(channel -> channel.sender.zeroPages()).sum();
    long lastBytes = channels.stream().mapToLong(channel -> channel.last.bytes()).sum();
    long lastNanos = channels.stream().mapToLong(channel -> channel.last.nanos()).max().orElse(0);
    return new MigrationReport.MemoryReport(memory.size(), bytes(), pages, zeroPages, lastBytes,
        Duration.ofNanos(lastNanos));
  }

  @Override
  public void close() {
    threads.shutdownNow();
    if (group.devices().stream().anyMatch(MigratingDevice::isHung)) {
      tracker.note("dirty bitmaps are not freed, because a hung device call may still use them");
    } else {
      close(logs::close);
    }
    close(pending::close);
  }

  /** Releases a bitmap; a failure does not affect what was sent. */
  private void close(Runnable close) {
    try {
      close.run();
    } catch (RuntimeException e) {
      tracker.note("dirty bitmaps are not freed: " + Exceptions.message(e));
    }
  }
}
