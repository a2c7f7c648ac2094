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

/** All connections of a migration in this process, which can be troubled together, or at one frame of one of them. */
final class FaultyTransports {

  private static final int RING_BYTES = 4000;

  /**
   * A frame by where it is sent.
   *
   * @param side who sends it
   * @param connection over which, from 0 for that which both sides talk over
   * @param kind its kind
   */
  record Frame(Side side, int connection, FrameKind kind) {
  }

  /** What is to happen to the n-th of such frames, from 1. */
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
    AtomicInteger count = new AtomicInteger(); // Of both sides' ends those with one number are connected.
    return new Connections(end(side, count.getAndIncrement(), inner.control()),
        inner.extra()
            .map(extra -> patience -> end(side, count.getAndIncrement(), extra.next(patience))));
  }

  private FaultyTransport end(Side side, int number, Transport inner) {
    FaultyTransport end = new FaultyTransport(inner, this, side, number);
    ends.add(end);
    return end;
  }

  LocalConnections connections() {
    return connections;
  }

  /** Has somebody told of every frame before it is sent. */
  void listen(Consumer<Frame> reported) {
    watcher = reported;
  }

  /** Has something happen to the n-th of such frames, from 1. */
  void trouble(Frame frame, int number, FaultyTransport.FrameFault trouble) {
    order = Optional.of(new PlannedFault(frame, number, trouble));
  }

  /** Tells whether there was such a frame. */
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

  /** Cuts all of them at one side: what it has sent arrives, and nothing else, in either direction. */
  void cut(Side side) {
    for (FaultyTransport end : ends.stream().filter(end -> end.side() == side).toList()) {
      try {
        end.cut();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** From now on nothing arrives, over any of them, and nobody says so. */
  void stall() {
    silent = true;
  }

  boolean arePeersSilent() {
    return silent;
  }

  /** Damages the next frame that anybody sends. */
  void damageNext() {
    damagesNext.set(true);
  }

  /** Returns the ends that a side was given, and has not closed. */
  List<FaultyTransport> unclosedEnds() {
    return ends.stream().filter(end -> !end.isClosed()).toList();
  }
}
