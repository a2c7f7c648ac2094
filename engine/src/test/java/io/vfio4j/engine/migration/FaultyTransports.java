// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.transport.Connections;
import io.vfio4j.engine.transport.LocalConnections;
import io.vfio4j.engine.transport.LocalTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * All connections of a migration in this process, with faults on all of them together or at one frame of one
 * of them.
 */
final class FaultyTransports {

  private static final int RING_BYTES = 4000;

  /**
   * A frame, by where it is sent.
   *
   * @param side the sending side
   * @param connection the number of the connection, 0 for the first
   * @param kind its kind
   */
  record Frame(Side side, int connection, FrameKind kind) {
  }

  /** A fault at the n-th such frame, from 1. */
  private record PlannedFault(Frame frame, int number, FaultyTransport.FrameFault trouble) {
  }

  private final List<FaultyTransport> ends = new CopyOnWriteArrayList<>();
  private final AtomicInteger seen = new AtomicInteger();
  private final AtomicBoolean damagesNext = new AtomicBoolean();
  private final LocalConnections connections;
  private Optional<PlannedFault> order = Optional.empty();
  private volatile Consumer<Frame> watcher = frame -> {
  };
  private volatile boolean silent;

  FaultyTransports() {
    LocalConnections inner =
        LocalConnections.over(LocalTransport.pair(RING_BYTES), () -> LocalTransport.pair(RING_BYTES));
    connections =
        new LocalConnections(wrap(Side.SOURCE, inner.source()), wrap(Side.TARGET, inner.target()));
  }

  private Connections wrap(Side side, Connections inner) {
    AtomicInteger count = new AtomicInteger(); // The ends of both sides with the same number are connected.
    return new Connections(end(side, count.getAndIncrement(), inner.control()),
        inner.extra()
            .map(extra -> timeout -> end(side, count.getAndIncrement(), extra.next(timeout))));
  }

  private FaultyTransport end(Side side, int number, Transport inner) {
    FaultyTransport end = new FaultyTransport(inner, this, side, number);
    ends.add(end);
    return end;
  }

  LocalConnections connections() {
    return connections;
  }

  /** Registers an observer of every frame before it is sent. */
  void listen(Consumer<Frame> reported) {
    watcher = reported;
  }

  /** Injects a fault at the n-th such frame, from 1. */
  void trouble(Frame frame, int number, FaultyTransport.FrameFault trouble) {
    order = Optional.of(new PlannedFault(frame, number, trouble));
  }

  /** Returns whether there was such a frame. */
  boolean hasTriggered() {
    return seen.get() >= order.orElseThrow().number();
  }

  Optional<FaultyTransport.FrameFault> faultOf(Frame frame) {
    watcher.accept(frame);
    if (damagesNext.compareAndSet(true, false)) {
      return Optional.of(FaultyTransport.FrameFault.DAMAGED);
    }
    return order.filter(given -> given.frame().equals(frame) && seen.incrementAndGet() == given.number())
        .map(PlannedFault::trouble);
  }

  /** Cuts all connections at one side: what it has sent arrives, and nothing else, in either direction. */
  void cut(Side side) {
    for (FaultyTransport end : ends.stream().filter(end -> end.side() == side).toList()) {
      try {
        end.cut();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** From now on nothing arrives over any connection, without an error. */
  void stall() {
    silent = true;
  }

  boolean arePeersSilent() {
    return silent;
  }

  /** Damages the next frame of either side. */
  void damageNext() {
    damagesNext.set(true);
  }

  /** Returns a side's ends that it has not closed. */
  List<FaultyTransport> unclosedEnds() {
    return ends.stream().filter(end -> !end.isClosed()).toList();
  }
}
