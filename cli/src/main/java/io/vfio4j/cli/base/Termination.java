// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.jfr.FlightRecordings;
import io.vfio4j.linux.ProcessAlarm;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * How the process ends at SIGTERM, SIGINT and SIGHUP. What the command is doing decides:
 *
 * <ul>
 * <li><b>nothing to put in order</b>, from the start until the first {@link #onSignal}: the process ends at once, even
 * if the command waits in a call that nothing interrupts, such as opening a FIFO or reading from a mute server.
 * <li><b>guarded</b> ({@link #guard}): as before, but not before the guarded piece of work is done.
 * <li><b>at work</b>, from the first {@link #onSignal} on: the registered actions are called, and the exit code is the
 * command's own. The wait for it is limited, by each registration or else by {@link #setLimit}, which is meant for what
 * should not be: a call to a device or to a file that does not return.
 * </ul>
 * Where the virtual machine cannot end by itself, since a thread does not come to a safepoint, the kernel ends it soon
 * after these limits ({@link ProcessAlarm}).
 */
public final class Termination {

  /** How long the end may be delayed by what is written about it: a reader that is stuck must not prevent it. */
  private static final Duration FINAL_OUTPUT_LIMIT = Duration.ofMillis(300);

  /** How long the end may take unless a command says otherwise; its calls to devices have limits of their own. */
  private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);

  /** How many calls to a device the way back from a failed migration makes, one after the other, at most. */
  private static final int ROLLBACK_CALLS = 4;

  /** How much later than it should the process is ended by the kernel. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** How long a recording of the Flight Recorder may take to be written. */
  private static final Duration RECORDING_LIMIT = Duration.ofSeconds(30);

  private static final CompletableFuture<Integer> EXIT_CODE = new CompletableFuture<>();
  /** Guards all that follows. */
  private static final Object LOCK = new Object();
  private static final Deque<Action> ACTIONS = new ArrayDeque<>();
  private static boolean requested;
  private static boolean atWork;
  private static boolean abandoned;
  private static int guards;
  private static Duration limit = DEFAULT_LIMIT;
  private static OptionalInt committedExitCode = OptionalInt.empty();
  private static Runnable interruptReport = () -> {
  };

  private Termination() {
  }

  private record Action(Runnable run, Optional<Duration> limit) {
  }

  /** Undoes a registration. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  public static void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(Termination::shutDown, "vfio4j-termination"));
  }

  /**
   * Sets what to report when a signal ends the command without its help.
   *
   * @param words called in another thread than the command's
   */
  public static void setInterruptReport(Runnable words) {
    synchronized (LOCK) {
      interruptReport = words;
    }
  }

  /**
   * Registers what ends a command; if the end was requested before, it is called at once. From now on the process ends
   * when the command does.
   *
   * @param action must not wait
   */
  public static Registration onSignal(Runnable action) {
    return onSignal(new Action(action, Optional.empty()));
  }

  /**
   * As {@link #onSignal(Runnable)}, for a command whose device has nothing to lose.
   *
   * @param patience how long the process waits for the command, after a signal
   */
  public static Registration onSignal(Runnable action, Duration patience) {
    return onSignal(new Action(action, Optional.of(patience)));
  }

  private static Registration onSignal(Action action) {
    boolean now;
    boolean late;
    synchronized (LOCK) {
      now = requested;
      late = abandoned;
      atWork |= !late;
      ACTIONS.push(action);
    }
    if (late) {
      parkForever();
    }
    if (now) {
      action.run().run();
    }
    return () -> {
      synchronized (LOCK) {
        ACTIONS.remove(action);
      }
    };
  }

  /**
   * Has a signal wait for calls to devices that may take longer than usual.
   *
   * @param arcTimeout how long each of them may take
   */
  public static void allowDeviceCalls(Duration arcTimeout) {
    setLimit(DEFAULT_LIMIT.plus(arcTimeout.multipliedBy(ROLLBACK_CALLS)));
  }

  /** Sets how long a command may take to put things in order after a signal. */
  static void setLimit(Duration most) {
    synchronized (LOCK) {
      limit = most;
    }
  }

  /**
   * What the command was to do is done, and where its devices are is known.
   *
   * @param code the exit code, also if something that follows does not return
   */
  public static void commitExitCode(int code) {
    synchronized (LOCK) {
      committedExitCode = OptionalInt.of(code);
    }
  }

  private static OptionalInt committedExitCode() {
    synchronized (LOCK) {
      return committedExitCode;
    }
  }

  private static Duration limit() {
    synchronized (LOCK) {
      return limit;
    }
  }

  /** Begins a piece of work that a signal must not cut short; it has to be a short one. */
  public static Registration guard() {
    boolean late;
    synchronized (LOCK) {
      guards++;
      late = abandoned;
    }
    if (late) {
      parkForever();
    }
    return () -> {
      synchronized (LOCK) {
        guards--;
        LOCK.notifyAll();
      }
    };
  }

  /** The process ends at any moment: nothing is begun any more. */
  private static void parkForever() {
    new CompletableFuture<@Nullable Void>().join();
  }

  /** Ends the process. Must be called however the command ends, for a signal waits for it. */
  public static void exit(int code) {
    EXIT_CODE.complete(code);
    System.exit(code);
  }

  /** Does what a signal does, once, without the end of the process. */
  public static void runActions() {
    registered(false).forEach(action -> action.run().run());
  }

  private static Deque<Action> registered(boolean forGood) {
    synchronized (LOCK) {
      requested |= forGood;
      return new ArrayDeque<>(ACTIONS);
    }
  }

  private static void shutDown() {
    Deque<Action> actions = registered(true);
    ProcessAlarm.set(limit().plus(GRACE));
    actions.forEach(action -> action.run().run());
    // The JVM would answer a signal with 128 and its number, though the command ends as it should, and even if the
    // signal comes when the command has just ended. A thread in System.exit waits for this one, so there is no
    // other way to the command's own exit code.
    int code = exitCode(actions);
    runWithin(FINAL_OUTPUT_LIMIT, () -> {
      System.out.flush();
      System.err.flush();
    });
    // Another shutdown hook, which halting would cut short.
    ProcessAlarm.set(RECORDING_LIMIT.plus(GRACE));
    FlightRecordings.awaitDumped(RECORDING_LIMIT);
    ProcessAlarm.set(GRACE);
    Runtime.getRuntime().halt(code);
  }

  private static int exitCode(Deque<Action> actions) {
    if (!EXIT_CODE.isDone() && isAbandoned()) {
      return reportInterrupted();
    }
    Optional<Duration> patience = commonLimit(actions);
    Duration most = patience.orElseGet(Termination::limit);
    try {
      return EXIT_CODE.get(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return patience.isPresent() ? reportInterrupted() : reportCutShort(most);
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("neither is ever the case here", e);
    }
  }

  /** Returns whether the command has nothing to put in order, or has done so: it does nothing more then. */
  private static boolean isAbandoned() {
    synchronized (LOCK) {
      boolean interrupted = false;
      while (guards > 0 && !atWork) {
        try {
          LOCK.wait();
        } catch (InterruptedException e) {
          interrupted = true; // Nobody interrupts a shutdown hook; the guarded work is short in any case.
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      abandoned = !atWork;
      return abandoned;
    }
  }

  private static Optional<Duration> commonLimit(Deque<Action> actions) {
    return actions.stream().allMatch(action -> action.limit().isPresent())
        ? actions.stream().map(action -> action.limit().orElseThrow()).max(Duration::compareTo)
        : Optional.empty();
  }

  /** The command had something to put in order, and unless its verdict is settled nobody can tell how far it got. */
  private static int reportCutShort(Duration most) {
    OptionalInt settled = committedExitCode();
    if (settled.isPresent()) {
      runWithin(FINAL_OUTPUT_LIMIT, () -> System.err.printf(
          "vfio4j: done, but not ended %d s after the signal, since what follows, as writing a file, does not return: "
              + "the process ends now%n",
          most.toSeconds()));
      return settled.getAsInt();
    }
    runWithin(FINAL_OUTPUT_LIMIT, () -> System.err.printf(
        "vfio4j: not ended %d s after the signal, since a call to a device, a file or a peer does not return: the process "
            + "ends now. In which state its devices are, 'vfio4j probe DEVICE' shows, and 'vfio4j recover' who owns them%n",
        most.toSeconds()));
    return ExitCodes.INTERVENTION_REQUIRED;
  }

  private static int reportInterrupted() {
    Runnable words;
    synchronized (LOCK) {
      words = interruptReport;
    }
    runWithin(FINAL_OUTPUT_LIMIT, words);
    return ExitCodes.FAILURE;
  }

  /** Does something that may block for ever, and waits for it as long as is reasonable. */
  private static void runWithin(Duration most, Runnable task) {
    Thread thread = new Thread(task, "vfio4j-last-words");
    thread.setDaemon(true);
    thread.start();
    try {
      thread.join(most);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
