// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.source;

import io.vfio4j.engine.connection.AckReader;
import io.vfio4j.engine.connection.Confirmations;
import io.vfio4j.engine.connection.ExtraConnections;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.MigratingDevice;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.preflight.SourcePreFlight;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.progress.Prediction;
import io.vfio4j.engine.progress.TransferAccounting;
import io.vfio4j.engine.progress.TransferRate;
import io.vfio4j.engine.stream.FrameWriter;
import io.vfio4j.engine.util.Cancellation;
import io.vfio4j.engine.util.NanoClock;
import io.vfio4j.engine.util.TaskWaiter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;

/** All that flows from the source to the target: a stream for each device and for memory, side by side, and the talk. */
public final class SourceStreams {

  /**
   * How long a round waits for the target to confirm it; then the policy has a say. What is not confirmed by then is
   * waited for in the next round.
   */
  private static final Duration CONFIRMATION = Duration.ofSeconds(1);

  private final DeviceGroup group;
  private final StreamConnection connection;
  private final List<StreamConnection> deviceConnections;
  private final AckReader acks;
  private final Cancellation cancellation = new Cancellation();
  private final TransferAccounting accounting;
  private final TaskWaiter waiter;
  private final List<DeviceStateSender> senders = new ArrayList<>();
  private final Optional<SourceMemory> memory;
  private final Confirmations confirmations;
  private final NanoClock clock;
  private final boolean sharesFirstConnection;
  private TransferRate rate = TransferRate.UNMEASURED;
  private Duration roundTrip = Duration.ZERO;

  /**
   * Creates the streams.
   *
   * @param extraConnections the connections besides the first
   * @param agreement what the two sides agreed on in pre-flight
   */
  public SourceStreams(MigrationContext context, ExtraConnections extraConnections,
      SourcePreFlight.Agreement agreement) {
    PhaseTracker tracker = context.tracker();
    this.group = context.group();
    this.connection = context.connection();
    this.deviceConnections = extraConnections.forDevices(agreement.deviceChannels());
    List<Boolean> segments = agreement.segments();
    this.clock = tracker.clock();
    this.confirmations = new Confirmations(1 + extraConnections.all().size(), agreement.confirmations());
    this.acks = new AckReader(connection, extraConnections.all(), group.size(), confirmations);
    this.accounting = new TransferAccounting(tracker, context.options().maxBandwidth(), cancellation);
    this.waiter = new TaskWaiter(cancellation, acks);
    for (int number = 0; number < group.size(); number++) {
      FrameWriter out =
          deviceConnections.isEmpty() ? sharedWriter(number) : deviceConnections.get(number).out();
      senders.add(new DeviceStateSender(number, out, accounting, tracker.clock(), segments.get(number)));
    }
    List<StreamConnection> memoryConnections = extraConnections.forMemory(agreement.deviceChannels());
    this.memory = context.deviceSet().memory().isEmpty()
        ? Optional.empty()
        : Optional.of(new SourceMemory(context,
            memoryConnections.isEmpty()
                ? new SourceMemory.Channels(List.of(connection), 0, confirmations)
                : new SourceMemory.Channels(memoryConnections, 1 + agreement.deviceChannels(), confirmations),
            accounting));
    this.sharesFirstConnection =
        deviceConnections.isEmpty() || (memory.isPresent() && memoryConnections.isEmpty());
  }

  /** Returns the memory that moves along, if any does. */
  public Optional<SourceMemory> memory() {
    return memory;
  }

  /** The first device has the writer that is there anyway; nobody else uses it while data flows. */
  private FrameWriter sharedWriter(int number) {
    return number == 0 ? connection.out() : connection.newWriter();
  }

  DeviceGroup group() {
    return group;
  }

  StreamConnection connection() {
    return connection;
  }

  public AckReader acks() {
    return acks;
  }

  public TransferAccounting accounting() {
    return accounting;
  }

  TaskWaiter waiter() {
    return waiter;
  }

  public List<DeviceStateSender> senders() {
    return senders;
  }

  /** What is done with a device and its stream, in the device's thread. */
  @FunctionalInterface
  interface Task<T> {
    T run(MigratingDevice device, DeviceStateSender sender) throws IOException;
  }

  /** Begins something with all devices and their streams at once. */
  <T> List<CompletableFuture<T>> start(Task<T> task) {
    List<CompletableFuture<T>> calls = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      DeviceStateSender sender = senders.get(i);
      calls.add(group.thread(i).submit(device -> task.run(device, sender)));
    }
    return calls;
  }

  /** Does something with all devices and their streams at once, which may take as long as it goes on. */
  <T> List<T> callAll(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    await(calls);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Waits for streams, which may take as long as they go on. */
  void await(List<? extends CompletableFuture<?>> calls) throws IOException {
    boolean done;
    try {
      done = waiter.await(calls, TaskWaiter.Limit.none(group.arcTimeout()));
    } catch (IOException | RuntimeException | Error e) {
      group.markHung(calls.subList(0, Math.min(calls.size(), group.size())));
      throw e;
    }
    if (!done) {
      throw new IllegalStateException("a wait without a limit ended");
    }
  }

  /** Ends the stream of a device that has a connection of its own. */
  void endDevice(int number) throws IOException {
    if (!deviceConnections.isEmpty()) {
      deviceConnections.get(number).out().sendEnd();
    }
  }

  /** Does something with all devices and their streams, and sends the memory that is to be sent, at once. */
  <T> List<T> callAllWithMemory(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    List<CompletableFuture<?>> all = new ArrayList<>(calls);
    memory.ifPresent(present -> all.addAll(present.send()));
    await(all);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Sends a round: as {@link #callAllWithMemory}, and the target is to confirm what came over each connection. */
  <T> List<T> round(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start((device, sender) -> {
      long before = sender.bytes();
      T result = task.run(device, sender);
      if (!deviceConnections.isEmpty() && sender.bytes() > before) {
        sender.requestConfirmation(confirmations, 1 + device.number());
      }
      return result;
    });
    List<CompletableFuture<?>> all = new ArrayList<>(calls);
    memory.ifPresent(present -> all.addAll(present.sendForConfirmation()));
    await(all);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** What is sent at once, and measured. */
  @FunctionalInterface
  interface Transmission {
    void run() throws IOException;
  }

  /**
   * What was sent.
   *
   * @param devices bytes of devices
   * @param memory bytes of memory
   */
  record SentBytes(long devices, long memory) {

    boolean isEmpty() {
      return devices + memory == 0;
    }
  }

  /**
   * Measures how fast is sent what is sent at once, until the target has loaded it, where it says so. That is not waited
   * for without end: see {@link #isConfirmed}.
   */
  SentBytes measure(Transmission sending) throws IOException {
    long[] busyBefore = busyNanos();
    long devicesBefore = deviceBytes();
    long memoryBefore = memoryBytes();
    sending.run();
    long[] busyThen = busyNanos();
    long longest = 0;
    for (int i = 0; i < busyThen.length; i++) {
      longest = Math.max(longest, busyThen[i] - busyBefore[i]);
    }
    SentBytes sent = new SentBytes(deviceBytes() - devicesBefore, memoryBytes() - memoryBefore);
    if (sharesFirstConnection && !sent.isEmpty()) {
      confirmations.request(0, connection.out());
    }
    long loading = awaitConfirmed();
    if (!sent.isEmpty()) {
      measureRoundTrip();
      rate = rate.plus(sent.devices() + sent.memory(),
          longest + Math.max(0, loading - roundTrip.toNanos()));
    }
    return sent;
  }

  /** Returns how long it took, nanoseconds. */
  private long awaitConfirmed() throws IOException {
    long before = clock.nanoTime();
    acks.awaitConfirmed(CONFIRMATION);
    return clock.nanoTime() - before;
  }

  /** Nothing is under way: what an answer takes now is the messages alone. */
  private void measureRoundTrip() throws IOException {
    if (confirmations.isSupported() && confirmations.isComplete()) {
      confirmations.request(0, connection.out());
      roundTrip = Duration.ofNanos(awaitConfirmed());
    }
  }

  /** Returns whether the target has confirmed all that it was asked to; nothing of it is left for the downtime then. */
  boolean isConfirmed() {
    return confirmations.isComplete();
  }

  /** Returns what the last exchange of messages took while nothing else was under way; empty where none was measured. */
  Optional<Duration> roundTrip() {
    return roundTrip.isZero() ? Optional.empty() : Optional.of(roundTrip);
  }

  private long[] busyNanos() {
    LongStream ofMemory =
        memory.map(present -> LongStream.of(present.busyNanos())).orElse(LongStream.empty());
    return LongStream.concat(senders.stream().mapToLong(DeviceStateSender::busyNanos), ofMemory).toArray();
  }

  private long deviceBytes() {
    return senders.stream().mapToLong(DeviceStateSender::bytes).sum();
  }

  private long memoryBytes() {
    return memory.map(SourceMemory::bytes).orElse(0L);
  }

  /** Returns how fast all streams together are sent, over the time in which there was something to send. */
  TransferRate rate() {
    return rate;
  }

  public Optional<Prediction> prediction() {
    return Optional.ofNullable(accounting.prediction());
  }
}
