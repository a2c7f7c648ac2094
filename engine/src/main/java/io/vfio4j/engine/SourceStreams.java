// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;

/** All that flows from the source to the target: a stream for each device and for memory, side by side, and the talk. */
final class SourceStreams {

  /**
   * How long a round waits for the target to confirm it; then the policy has a say. What is not confirmed by then is
   * waited for in the next round.
   */
  private static final Duration CONFIRMATION = Duration.ofSeconds(1);

  private final DeviceGroup group;
  private final Link link;
  private final List<Link> deviceLinks;
  private final Control control;
  private final CallOff callOff = new CallOff();
  private final Traffic traffic;
  private final Waiting waiting;
  private final List<DevicePump> pumps = new ArrayList<>();
  private final Optional<SourceMemory> memory;
  private final Confirmations confirmations;
  private final NanoClock clock;
  private final boolean shares;
  private TransferRate rate = TransferRate.UNMEASURED;
  private Duration roundTrip = Duration.ZERO;

  /**
   * Makes the streams.
   *
   * @param link to talk, and for all that has no connection of its own
   * @param furtherLinks the others
   * @param agreement what both sides agree on
   */
  SourceStreams(Ensemble ensemble, DeviceGroup group, Link link, FurtherLinks furtherLinks,
      SourcePreFlight.Agreement agreement, Workload workload, MigrationOptions options, Narrator narrator) {
    this.group = group;
    this.link = link;
    this.deviceLinks = furtherLinks.forDevices(agreement.deviceChannels());
    List<Boolean> segments = agreement.segments();
    this.clock = narrator.clock();
    this.confirmations = new Confirmations(1 + furtherLinks.all().size(), agreement.confirmed());
    this.control = new Control(link, furtherLinks.all(), group.size(), confirmations);
    this.traffic = new Traffic(narrator, options.maxBandwidth(), callOff);
    this.waiting = new Waiting(callOff, control);
    for (int number = 0; number < group.size(); number++) {
      FrameWriter out = deviceLinks.isEmpty() ? sharedWriter(number) : deviceLinks.get(number).out();
      pumps.add(new DevicePump(number, out, traffic, narrator.clock(), segments.get(number)));
    }
    List<Link> memoryLinks = furtherLinks.forMemory(agreement.deviceChannels());
    this.memory = ensemble.memory().isEmpty()
        ? Optional.empty()
        : Optional.of(new SourceMemory(ensemble, group, workload,
            memoryLinks.isEmpty() ? List.of(link) : memoryLinks,
            memoryLinks.isEmpty() ? 0 : 1 + agreement.deviceChannels(), confirmations, traffic, narrator));
    this.shares = deviceLinks.isEmpty() || (memory.isPresent() && memoryLinks.isEmpty());
  }

  /** Returns the memory that moves along, if any does. */
  Optional<SourceMemory> memory() {
    return memory;
  }

  /** The first device has the writer that is there anyway; nobody else uses it while data flows. */
  private FrameWriter sharedWriter(int number) {
    return number == 0 ? link.out() : link.newWriter();
  }

  DeviceGroup group() {
    return group;
  }

  Link link() {
    return link;
  }

  Control control() {
    return control;
  }

  Traffic traffic() {
    return traffic;
  }

  Waiting waiting() {
    return waiting;
  }

  List<DevicePump> pumps() {
    return pumps;
  }

  /** What is done with a device and its stream, in the device's thread. */
  @FunctionalInterface
  interface Task<T> {
    T run(MovedDevice device, DevicePump pump) throws IOException;
  }

  /** Begins something with all devices and their streams at once. */
  <T> List<CompletableFuture<T>> start(Task<T> task) {
    List<CompletableFuture<T>> calls = new ArrayList<>();
    for (int i = 0; i < group.size(); i++) {
      DevicePump pump = pumps.get(i);
      calls.add(group.thread(i).submit(device -> task.run(device, pump)));
    }
    return calls;
  }

  /** Does something with all devices and their streams at once, which may take as long as it goes on. */
  <T> List<T> all(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    await(calls);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Waits for streams, which may take as long as they go on. */
  void await(List<? extends CompletableFuture<?>> calls) throws IOException {
    boolean done;
    try {
      done = waiting.await(calls, Waiting.Limit.none(group.arcTimeout()));
    } catch (IOException | RuntimeException | Error e) {
      group.noteHung(calls.subList(0, Math.min(calls.size(), group.size())));
      throw e;
    }
    if (!done) {
      throw new IllegalStateException("a wait without a limit ended");
    }
  }

  /** Ends the stream of a device that has a connection of its own. */
  void endDevice(int number) throws IOException {
    if (!deviceLinks.isEmpty()) {
      deviceLinks.get(number).out().sendEnd();
    }
  }

  /** Does something with all devices and their streams, and sends the memory that is to be sent, at once. */
  <T> List<T> allWithMemory(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start(task);
    List<CompletableFuture<?>> all = new ArrayList<>(calls);
    memory.ifPresent(present -> all.addAll(present.send()));
    await(all);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** Sends a round: as {@link #allWithMemory}, and the target is to confirm what came over each connection. */
  <T> List<T> round(Task<T> task) throws IOException {
    List<CompletableFuture<T>> calls = start((device, pump) -> {
      long before = pump.bytes();
      T result = task.run(device, pump);
      if (!deviceLinks.isEmpty() && pump.bytes() > before) {
        pump.requestConfirmation(confirmations, 1 + device.number());
      }
      return result;
    });
    List<CompletableFuture<?>> all = new ArrayList<>(calls);
    memory.ifPresent(present -> all.addAll(present.sendToBeConfirmed()));
    await(all);
    return calls.stream().map(CompletableFuture::resultNow).toList();
  }

  /** What is sent at once, and measured. */
  @FunctionalInterface
  interface Sending {
    void run() throws IOException;
  }

  /**
   * What was sent.
   *
   * @param devices bytes of devices
   * @param memory bytes of memory
   */
  record Sent(long devices, long memory) {

    boolean isNothing() {
      return devices + memory == 0;
    }
  }

  /**
   * Measures how fast is sent what is sent at once, until the target has loaded it, where it says so. That is not waited
   * for without end: see {@link #isConfirmed}.
   */
  Sent measured(Sending sending) throws IOException {
    long[] busyBefore = busyNanos();
    long devicesBefore = deviceBytes();
    long memoryBefore = memoryBytes();
    sending.run();
    long[] busyThen = busyNanos();
    long longest = 0;
    for (int i = 0; i < busyThen.length; i++) {
      longest = Math.max(longest, busyThen[i] - busyBefore[i]);
    }
    Sent sent = new Sent(deviceBytes() - devicesBefore, memoryBytes() - memoryBefore);
    if (shares && !sent.isNothing()) {
      confirmations.request(0, link.out());
    }
    long loading = awaitConfirmed();
    if (!sent.isNothing()) {
      measureRoundTrip();
      rate = rate.plus(sent.devices() + sent.memory(),
          longest + Math.max(0, loading - roundTrip.toNanos()));
    }
    return sent;
  }

  /** Returns how long it took, nanoseconds. */
  private long awaitConfirmed() throws IOException {
    long before = clock.nanoTime();
    control.awaitConfirmed(CONFIRMATION);
    return clock.nanoTime() - before;
  }

  /** Nothing is under way: what an answer takes now is the messages alone. */
  private void measureRoundTrip() throws IOException {
    if (confirmations.areKnown() && confirmations.areComplete()) {
      confirmations.request(0, link.out());
      roundTrip = Duration.ofNanos(awaitConfirmed());
    }
  }

  /** Returns whether the target has confirmed all that it was asked to; nothing of it is left for the downtime then. */
  boolean isConfirmed() {
    return confirmations.areComplete();
  }

  /** Returns what the last exchange of messages took while nothing else was under way; empty where none was measured. */
  Optional<Duration> roundTrip() {
    return roundTrip.isZero() ? Optional.empty() : Optional.of(roundTrip);
  }

  private long[] busyNanos() {
    LongStream ofMemory =
        memory.map(present -> LongStream.of(present.busyNanos())).orElse(LongStream.empty());
    return LongStream.concat(pumps.stream().mapToLong(DevicePump::busyNanos), ofMemory).toArray();
  }

  private long deviceBytes() {
    return pumps.stream().mapToLong(DevicePump::bytes).sum();
  }

  private long memoryBytes() {
    return memory.map(SourceMemory::bytes).orElse(0L);
  }

  /** Returns how fast all streams together are sent, over the time in which there was something to send. */
  TransferRate rate() {
    return rate;
  }

  Optional<Prediction> prediction() {
    return Optional.ofNullable(traffic.prediction());
  }
}
