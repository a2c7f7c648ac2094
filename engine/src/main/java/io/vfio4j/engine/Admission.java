// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.PeerRefusedException.Reason;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Handshakes with those who connected, each in a thread of its own, up to a bound: one more drives out who
 * has been at it longest. So whoever says nothing, or little, takes nobody's place.
 */
final class Admission implements Closeable {

  private static final int MOST = 16;

  private final Duration patience;
  private final Consumer<PeerRefusedException> refusals;
  private final Runnable onAdmitted;

  private final Deque<Wire> underWay = new ArrayDeque<>();
  private final Deque<Transport> admitted = new ArrayDeque<>();
  private boolean closed;

  /**
   * Makes one.
   *
   * @param patience for a handshake as a whole
   * @param refusals hears of each who was refused, in its thread
   * @param onAdmitted is called when there is something for {@link #next}
   */
  Admission(Duration patience, Consumer<PeerRefusedException> refusals, Runnable onAdmitted) {
    this.patience = patience;
    this.refusals = refusals;
    this.onAdmitted = onAdmitted;
  }

  /** Begins a handshake. */
  void begin(Wire wire, TlsSession session) throws IOException {
    long deadline = System.nanoTime() + patience.toNanos();
    Wire crowdedOut = null;
    synchronized (this) {
      underWay.add(wire);
      if (underWay.size() > MOST) {
        crowdedOut = underWay.remove();
      }
    }
    if (crowdedOut != null) {
      crowdedOut.close(); // Its thread finds that, and tells.
    }
    Thread.ofPlatform().daemon().name("vfio4j-handshake").start(() -> run(wire, session, deadline));
  }

  private void run(Wire wire, TlsSession session, long deadline) {
    try {
      admit(wire, TlsHandshake.over(wire, session, deadline));
    } catch (PeerRefusedException e) {
      leave(wire, e);
    } catch (IOException | RuntimeException e) {
      leave(wire, new PeerRefusedException(wire.peer(), Reason.BROKEN,
          "the TLS handshake failed: " + Words.of(e), e));
    }
  }

  private void admit(Wire wire, Transport transport) throws IOException {
    synchronized (this) {
      if (underWay.remove(wire) && !closed) {
        admitted.add(transport);
        onAdmitted.run();
        return;
      }
    }
    transport.close();
  }

  private void leave(Wire wire, PeerRefusedException why) {
    boolean wasDrivenOut;
    boolean nobodyCares;
    synchronized (this) {
      wasDrivenOut = !underWay.remove(wire);
      nobodyCares = closed;
    }
    if (!nobodyCares) {
      refusals.accept(wasDrivenOut
          ? new PeerRefusedException(wire.peer(), Reason.CROWDED_OUT,
              "%d others connected while it was in its TLS handshake".formatted(MOST), why)
          : why);
    }
  }

  /** Returns one who was admitted, if there is one; it is the caller's to close. */
  synchronized Optional<Transport> next() {
    return Optional.ofNullable(admitted.poll());
  }

  /** Lets go of everybody who has not been taken. */
  @Override
  public void close() throws IOException {
    Deque<Closeable> left;
    synchronized (this) {
      closed = true;
      left = new ArrayDeque<>(underWay);
      left.addAll(admitted);
      underWay.clear();
      admitted.clear();
    }
    IOException failure = null;
    for (Closeable one : left) {
      try {
        one.close();
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
