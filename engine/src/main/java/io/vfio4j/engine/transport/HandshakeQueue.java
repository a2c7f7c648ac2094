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
 * Peers that have connected and are on their way in, each in a thread of its own, side by side.
 *
 * <p>
 * Their number is bounded, and so is that of peers of one origin. One more evicts the peer that has come least far
 * ({@link Progress}), of those the one that has been at it longest: of its own origin where that has its share, else of all.
 * So a peer that sends nothing, or little, takes no place from one that speaks, and a flood from one address takes none from
 * another address. A peer that speaks cannot be evicted before its grace is over; until then the next ones wait outside.
 *
 * @param <T> what an admitted peer is
 */
final class HandshakeQueue<T extends Closeable> implements Closeable {

  /** How many peers there may be at a time. */
  static final int MAX_PENDING = 16;

  private final Limits rules;
  private final Consumer<PeerRefusedException> rejections;
  private final Runnable onAdmitted;

  /** In the order in which they came. Guarded by this, as is all below. */
  private final Deque<Candidate<T>> candidates = new ArrayDeque<>();
  private boolean closed;

  /**
   * What holds for all peers.
   *
   * @param activity they are doing meanwhile, as in {@code its TLS handshake}
   * @param maxPerOrigin how many peers of one origin there may be
   * @param timeout for each peer as a whole
   * @param grace for how long a peer that speaks is not evicted
   */
  record Limits(String activity, int maxPerOrigin, Duration timeout, Duration grace) {
  }

  /**
   * Makes one.
   *
   * @param refusals is given each peer that was refused, in any thread
   * @param onAdmitted is called when there is something for {@link #next}, or may be room again
   */
  HandshakeQueue(Limits rules, Consumer<PeerRefusedException> refusals, Runnable onAdmitted) {
    this.rules = rules;
    this.rejections = refusals;
    this.onAdmitted = onAdmitted;
  }

  /** How far a peer has come. */
  enum Progress {
    /** It has sent nothing. */
    SILENT,
    /** It has sent something. */
    SENDING,
    /** It has sent enough for an answer. */
    ANSWERED,
    /** It is in, and has not been taken yet. */
    ADMITTED
  }

  /** What has to be done before a peer is admitted. */
  @FunctionalInterface
  interface Task<T> {

    /**
     * Does it.
     *
     * @throws PeerRefusedException if the peer is refused
     * @throws IOException if it fails otherwise, as when the connection is closed meanwhile
     */
    T run(Candidate<T> candidate) throws IOException;
  }

  /** A peer on its way in. */
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

    /** Returns by when it has to be in, by {@link System#nanoTime}. */
    long deadline() {
      return deadline;
    }

    /** Records how far it has come; it does not go back. */
    void advanceTo(Progress next) {
      if (next.compareTo(progress) > 0) {
        progress = next;
      }
    }
  }

  /** Returns whether one more peer of an origin has, or can be given, a place. */
  synchronized boolean hasRoom(String origin) {
    return !isFull(origin) || evictionCandidate(origin).isPresent();
  }

  /**
   * Begins to let a peer in, where there {@linkplain #hasRoom is room}.
   *
   * @param isSending whether it has sent something
   */
  void begin(Closeable connection, String peer, String origin, boolean isSending, Task<T> work)
      throws IOException {
    Candidate<T> newcomer = new Candidate<>(connection, peer, origin, rules.timeout());
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
    Thread.ofPlatform().daemon().name("vfio4j-handshake").start(() -> run(newcomer, work));
  }

  private boolean isFull(String origin) {
    return candidates.size() >= MAX_PENDING || ofOrigin(origin).size() >= rules.maxPerOrigin();
  }

  private List<Candidate<T>> ofOrigin(String origin) {
    return candidates.stream().filter(candidate -> candidate.origin.equals(origin)).toList();
  }

  private Optional<Candidate<T>> evictionCandidate(String origin) {
    List<Candidate<T>> same = ofOrigin(origin);
    long now = System.nanoTime();
    return (same.size() >= rules.maxPerOrigin() ? same : candidates).stream()
        .filter(candidate -> candidate.progress == Progress.SILENT
            || now - candidate.began >= rules.grace().toNanos())
        .min(Comparator.comparing(candidate -> candidate.progress)); // The first of equal ones.
  }

  /** Closes a connection, which its thread finds and reports; an admitted peer has no thread any more. */
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
            .formatted(rules.activity(), MAX_PENDING, rules.maxPerOrigin()),
        cause);
  }

  private void run(Candidate<T> candidate, Task<T> work) {
    try {
      admit(candidate, work.run(candidate));
    } catch (PeerRefusedException e) {
      reject(candidate, e);
    } catch (IOException | RuntimeException | Error e) {
      reject(candidate, new PeerRefusedException(candidate.peer, Reason.BROKEN,
          "%s failed: %s".formatted(rules.activity(), Exceptions.message(e)), e));
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

  private void reject(Candidate<T> candidate, PeerRefusedException why) {
    boolean wasEvicted;
    boolean isOver;
    synchronized (this) {
      wasEvicted = !candidates.remove(candidate);
      isOver = closed;
    }
    try {
      candidate.connection.close();
    } catch (IOException e) {
      why.addSuppressed(e);
    }
    if (!isOver) {
      onAdmitted.run();
      rejections.accept(wasEvicted ? evictedException(candidate, why) : why);
    }
  }

  /** Returns the first admitted peer that is wanted, if there is one; it is the caller's to close. */
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
