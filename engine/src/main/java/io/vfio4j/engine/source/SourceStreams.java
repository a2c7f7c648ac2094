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

/**
 * All streams from the source to the target, one for each device and one for memory, in parallel, and the
 * control messages. The coordinating thread starts tasks and waits for them; each device's thread sends that
 * device's stream.
 */
public final class SourceStreams {

  /**
   * How long a round waits for the target's confirmations before the policy is consulted. Outstanding ones
   * are awaited in the next round.
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

  /** Returns the memory, if any migrates. */
  public Optional<SourceMemory> memory() {
    return memory;
  }

  /** The first device uses the connection's own writer, which has no other user while data flows. */
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

  /** A task with a device and its stream, run in the device's thread. */
  @FunctionalInterface
  interface Task<T> {
    T run(MigratingDevice device, DeviceStateSender sender) throws IOException;
  }

  /** Starts a task for all devices and their streams. */
  <T> List<CompletableFuture<T>> start(Task<T> task) {
    List<CompletableFuture<T>> calls = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      DeviceStateSender sender = senders.get(i);
      calls.add(group.thread(i).submit(device -> task.run(device, sender)));
    }
    return calls;
  }

  /** Runs a task for all devices and their streams, without a time limit. */
  <T> List<T> callAll(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    await(calls);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Waits for streams, without a time limit. */
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

  /** Sends END for a device that has its own connection. */
  void endDevice(int number) throws IOException {
    if (!deviceConnections.isEmpty()) {
      deviceConnections.get(number).out().sendEnd();
    }
  }

  /** Runs a task for all devices, and sends the pending memory in parallel. */
  <T> List<T> callAllWithMemory(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    List<CompletableFuture<?>> all = new ArrayList<>(calls);
    memory.ifPresent(present -> all.addAll(present.send()));
    await(all);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Runs a round: {@link #callAllWithMemory}, and requests a confirmation over each connection. */
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

  /** A transmission to be measured. */
  @FunctionalInterface
  interface Transmission {
    void run() throws IOException;
  }

  /**
   * The bytes of a transmission.
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
   * Runs a transmission and measures its rate, until the target has confirmed that it loaded everything, if
   * it does so. The wait is limited: see {@link #isConfirmed}.
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

  /** Returns the wait in nanoseconds. */
  private long awaitConfirmed() throws IOException {
    long before = clock.nanoTime();
    acks.awaitConfirmed(CONFIRMATION);
    return clock.nanoTime() - before;
  }

  /** Measures a round trip while nothing else is in flight. */
  private void measureRoundTrip() throws IOException {
    if (confirmations.isSupported() && confirmations.isComplete()) {
      confirmations.request(0, connection.out());
      roundTrip = Duration.ofNanos(awaitConfirmed());
    }
  }

  /**
   * Returns whether the target has confirmed everything requested, so that no loading is left for the
   * downtime.
   */
  boolean isConfirmed() {
    return confirmations.isComplete();
  }

  /** Returns the last round trip measured while nothing else was in flight; empty if none was. */
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

  /** Returns the rate of all streams together, over the time during which there was something to send. */
  TransferRate rate() {
    return rate;
  }

  public Optional<Prediction> prediction() {
    return Optional.ofNullable(accounting.prediction());
  }
}
