// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.transport.PeerRefusedException.Reason;
import io.vfio4j.engine.util.Exceptions;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Peers that have connected and are in a handshake, each in its own thread.
 *
 * <pre>
 * SILENT > SENDING > ANSWERED > ADMITTED > taken by {@link #next}
 *    any of them > evicted by a newcomer, rejected by its task, or closed with the queue
 * </pre>
 *
 * <p>
 * The number of peers is limited, and so is that of peers of one origin. If a limit is reached, a newcomer evicts the peer
 * with the least {@link Progress}, and of those the oldest: among the peers of its own origin if these are at their limit,
 * otherwise among all. So a peer that sends little or nothing cannot keep out one that sends, and a flood from one address
 * cannot keep out another address. A peer that has sent something cannot be evicted before its grace period is over; until
 * then newcomers wait in the listen backlog.
 *
 * @param <T> an admitted peer
 */
final class HandshakeQueue<T extends Closeable> implements Closeable {

  /** The maximum number of peers. */
  static final int MAX_PENDING = 16;

  private final Limits limits;
  private final Consumer<PeerRefusedException> rejections;
  private final Runnable onAdmitted;

  /** In order of arrival. Guarded by this, as is all below. */
  private final Deque<Candidate<T>> candidates = new ArrayDeque<>();
  private boolean closed;

  /**
   * The limits for all peers.
   *
   * @param activity what they do, for messages: {@code its TLS handshake}
   * @param maxPerOrigin the maximum number of peers of one origin
   * @param timeout for the whole handshake of a peer
   * @param grace the time in which a peer that has sent something is not evicted
   */
  record Limits(String activity, int maxPerOrigin, Duration timeout, Duration grace) {
  }

  /**
   * Creates an empty queue.
   *
   * @param rejections is given each rejected peer, in any thread
   * @param onAdmitted is called when {@link #next} may return a peer, or there may be room again
   */
  HandshakeQueue(Limits limits, Consumer<PeerRefusedException> rejections, Runnable onAdmitted) {
    this.limits = limits;
    this.rejections = rejections;
    this.onAdmitted = onAdmitted;
  }

  /** How far the handshake of a peer has come. */
  enum Progress {
    /** It has sent nothing. */
    SILENT,
    /** It has sent something. */
    SENDING,
    /** It has sent enough for an answer. */
    ANSWERED,
    /** It is admitted, and waits for {@link #next}. */
    ADMITTED
  }

  /** The handshake of a peer. */
  @FunctionalInterface
  interface Task<T> {

    /**
     * Performs the handshake.
     *
     * @throws PeerRefusedException if the peer is rejected
     * @throws IOException if it fails otherwise, for example because the connection is closed
     */
    T run(Candidate<T> candidate) throws IOException;
  }

  /** A peer in its handshake. */
  static final class Candidate<T> {

    private final Closeable connection;
    private final String peer;
    private final String origin;
    private final long began = System.nanoTime();
    private final long deadline;
    private volatile Progress progress = Progress.SILENT;
    private @Nullable T result;

    private Candidate(Closeable connection, String peer, String origin, Duration patience) {
      this.connection = connection;
      this.peer = peer;
      this.origin = origin;
      this.deadline = began + patience.toNanos();
    }

    /** Returns the end of its time, by {@link System#nanoTime}. */
    long deadline() {
      return deadline;
    }

    /** Records progress; an earlier step than the current one has no effect. */
    void advanceTo(Progress next) {
      if (next.compareTo(progress) > 0) {
        progress = next;
      }
    }
  }

  /** Returns whether a peer of an origin can be added, if necessary by evicting another. */
  synchronized boolean hasRoom(String origin) {
    return !isFull(origin) || evictionCandidate(origin).isPresent();
  }

  /**
   * Starts the handshake of a peer, if there {@linkplain #hasRoom is room}.
   *
   * @param isSending whether it has sent something already
   */
  void begin(Closeable connection, String peer, String origin, boolean isSending, Task<T> task)
      throws IOException {
    Candidate<T> newcomer = new Candidate<>(connection, peer, origin, limits.timeout());
    newcomer.advanceTo(isSending ? Progress.SENDING : Progress.SILENT);
    Optional<Candidate<T>> evicted;
    synchronized (this) {
      if (closed) {
        connection.close();
        return;
      }
      evicted = isFull(origin) ? evictionCandidate(origin) : Optional.empty();
      evicted.ifPresent(candidates::remove);
      candidates.add(newcomer);
    }
    evicted.ifPresent(this::evict);
    Thread.ofPlatform().daemon().name("vfio4j-handshake").start(() -> run(newcomer, task));
  }

  private boolean isFull(String origin) {
    return candidates.size() >= MAX_PENDING || ofOrigin(origin).size() >= limits.maxPerOrigin();
  }

  private List<Candidate<T>> ofOrigin(String origin) {
    return candidates.stream().filter(candidate -> candidate.origin.equals(origin)).toList();
  }

  private Optional<Candidate<T>> evictionCandidate(String origin) {
    List<Candidate<T>> same = ofOrigin(origin);
    long now = System.nanoTime();
    return (same.size() >= limits.maxPerOrigin() ? same : candidates).stream()
        .filter(candidate -> candidate.progress == Progress.SILENT
            || now - candidate.began >= limits.grace().toNanos())
        .min(Comparator.comparing(candidate -> candidate.progress)); // Of equal ones the first, which is the oldest.
  }

  /** Closes a connection, which its thread notices and reports; an admitted peer has no thread, and is reported here. */
  private void evict(Candidate<T> candidate) {
    IOException failure = null;
    try {
      candidate.connection.close();
    } catch (IOException e) {
      failure = e;
    }
    if (candidate.progress == Progress.ADMITTED) {
      rejections.accept(evictedException(candidate, failure));
    }
  }

  private PeerRefusedException evictedException(Candidate<T> candidate, @Nullable Throwable cause) {
    return new PeerRefusedException(candidate.peer, Reason.CROWDED_OUT,
        "too many others connected during %s (it has room for %d, %d from one address)"
            .formatted(limits.activity(), MAX_PENDING, limits.maxPerOrigin()),
        cause);
  }

  private void run(Candidate<T> candidate, Task<T> task) {
    try {
      admit(candidate, task.run(candidate));
    } catch (PeerRefusedException e) {
      reject(candidate, e);
    } catch (IOException | RuntimeException | Error e) {
      reject(candidate, new PeerRefusedException(candidate.peer, Reason.BROKEN,
          "%s failed: %s".formatted(limits.activity(), Exceptions.message(e)), e));
    }
  }

  private void admit(Candidate<T> candidate, T result) throws IOException {
    synchronized (this) {
      if (candidates.contains(candidate)) {
        candidate.advanceTo(Progress.ADMITTED);
        candidate.result = result;
        onAdmitted.run();
        return;
      }
    }
    result.close();
    throw new IOException("it was closed meanwhile");
  }

  private void reject(Candidate<T> candidate, PeerRefusedException reason) {
    boolean wasEvicted;
    boolean isClosed;
    synchronized (this) {
      wasEvicted = !candidates.remove(candidate);
      isClosed = closed;
    }
    try {
      candidate.connection.close();
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
    if (!isClosed) {
      onAdmitted.run();
      rejections.accept(wasEvicted ? evictedException(candidate, reason) : reason);
    }
  }

  /** Returns the first admitted peer that is wanted, if any; the caller closes it. */
  synchronized Optional<T> next(Predicate<T> wanted) {
    for (Candidate<T> candidate : candidates) {
      T result = candidate.result;
      if (result != null && wanted.test(result)) {
        candidates.remove(candidate);
        return Optional.of(result);
      }
    }
    return Optional.empty();
  }

  /** Closes the connections of all peers that have not been taken. */
  @Override
  public void close() throws IOException {
    List<Closeable> left = new ArrayList<>();
    synchronized (this) {
      closed = true;
      for (Candidate<T> candidate : candidates) {
        T result = candidate.result;
        left.add(result == null ? candidate.connection : result);
      }
      candidates.clear();
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
