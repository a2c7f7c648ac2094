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
 * Termination of the process on SIGTERM, SIGINT and SIGHUP. What a signal does depends on the state of the command:
 *
 * <ul>
 * <li><b>idle</b>, from the start until the first {@link #onSignal}: the process ends at once, even if the command is in
 * a call that cannot be interrupted, such as opening a FIFO or reading from an unresponsive server. The state becomes
 * <i>abandoned</i>: a command thread that registers or enters a guard after that blocks until the process has ended.
 * <li><b>guarded</b>, within {@link #guard} before the first {@link #onSignal}: as idle, after the guarded section.
 * <li><b>at work</b>, from the first {@link #onSignal} on: the registered actions run, and the command ends by itself with
 * its own exit code. The wait for it is bounded by the limits of the registrations, or else by {@link #setLimit}, for
 * calls to a device or a file that do not return.
 * </ul>
 * If the JVM cannot shut down, since a thread does not reach a safepoint, the kernel ends the process shortly after these
 * limits ({@link ProcessAlarm}).
 */
public final class Termination {

  /** Limit for the final output: a reader that is stuck must not prevent termination. */
  private static final Duration FINAL_OUTPUT_LIMIT = Duration.ofMillis(300);

  /** Default limit for a command to end; calls to devices have their own timeouts. */
  private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);

  /** The maximum number of consecutive calls to a device in the rollback of a migration. */
  private static final int ROLLBACK_CALLS = 4;

  /** How long after the limits the kernel ends the process. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** Limit for writing a recording of the Flight Recorder. */
  private static final Duration RECORDING_LIMIT = Duration.ofSeconds(30);

  private static final CompletableFuture<Integer> EXIT_CODE = new CompletableFuture<>();
  /** Guards the fields below. */
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

  /** Removes a registration, or leaves a guarded section. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /** Installs the shutdown hook that handles signals. */
  public static void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(Termination::shutDown, "vfio4j-termination"));
  }

  /**
   * Sets how to report a signal that ends the command while it is idle.
   *
   * @param report not called in the thread of the command
   */
  public static void setInterruptReport(Runnable report) {
    synchronized (LOCK) {
      interruptReport = report;
    }
  }

  /**
   * Registers an action that makes the command end, and puts the process into the state at work. The action runs at once
   * if a signal has arrived before.
   *
   * @param action must not block
   */
  public static Registration onSignal(Runnable action) {
    return onSignal(new Action(action, Optional.empty()));
  }

  /**
   * As {@link #onSignal(Runnable)}, for a command whose device has no state to lose.
   *
   * @param limit how long the process waits for the command after a signal
   */
  public static Registration onSignal(Runnable action, Duration limit) {
    return onSignal(new Action(action, Optional.of(limit)));
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
   * Extends the limit to allow for device calls with a longer timeout.
   *
   * @param arcTimeout the timeout of each call
   */
  public static void allowDeviceCalls(Duration arcTimeout) {
    setLimit(DEFAULT_LIMIT.plus(arcTimeout.multipliedBy(ROLLBACK_CALLS)));
  }

  /** Sets how long a command at work may take to end after a signal. */
  static void setLimit(Duration value) {
    synchronized (LOCK) {
      limit = value;
    }
  }

  /**
   * Records that the command has done its work and the owner of its devices is known.
   *
   * @param code the exit code, even if something that follows does not return
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

  /** Enters a section that a signal must not cut short. It must be brief. */
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

  /** Blocks a thread of an abandoned command until the process has ended. */
  private static void parkForever() {
    new CompletableFuture<@Nullable Void>().join();
  }

  /** Ends the process. Must be called however the command ends, since the handling of a signal waits for it. */
  public static void exit(int code) {
    EXIT_CODE.complete(code);
    System.exit(code);
  }

  /** Runs the registered actions as a signal does, without ending the process. For tests. */
  public static void runActions() {
    registered(false).forEach(action -> action.run().run());
  }

  private static Deque<Action> registered(boolean isRequest) {
    synchronized (LOCK) {
      requested |= isRequest;
      return new ArrayDeque<>(ACTIONS);
    }
  }

  private static void shutDown() {
    Deque<Action> actions = registered(true);
    ProcessAlarm.set(limit().plus(GRACE));
    actions.forEach(action -> action.run().run());
    // On a signal the JVM exits with 128 plus its number, even if the command ends in order or has just ended. A thread
    // in System.exit waits for this one, so halting is the only way to return the command's own exit code.
    int code = exitCode(actions);
    runWithin(FINAL_OUTPUT_LIMIT, () -> {
      System.out.flush();
      System.err.flush();
    });
    // The Flight Recorder's shutdown hook, which halting would cut short.
    ProcessAlarm.set(RECORDING_LIMIT.plus(GRACE));
    FlightRecordings.awaitDumped(RECORDING_LIMIT);
    ProcessAlarm.set(GRACE);
    Runtime.getRuntime().halt(code);
  }

  private static int exitCode(Deque<Action> actions) {
    if (!EXIT_CODE.isDone() && isAbandoned()) {
      return reportInterrupted();
    }
    Optional<Duration> registered = commonLimit(actions);
    Duration wait = registered.orElseGet(Termination::limit);
    try {
      return EXIT_CODE.get(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return registered.isPresent() ? reportInterrupted() : reportCutShort(wait);
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("a shutdown hook is not interrupted, and the exit code never fails", e);
    }
  }

  /** Waits for guarded sections; returns whether the command is not at work, and abandons it then. */
  private static boolean isAbandoned() {
    synchronized (LOCK) {
      boolean interrupted = false;
      while (guards > 0 && !atWork) {
        try {
          LOCK.wait();
        } catch (InterruptedException e) {
          interrupted = true; // Not expected in a shutdown hook; the guarded sections are brief in any case.
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

  /** Reports a command that did not end in time. Unless it has committed its exit code, its progress is unknown. */
  private static int reportCutShort(Duration wait) {
    OptionalInt settled = committedExitCode();
    if (settled.isPresent()) {
      runWithin(FINAL_OUTPUT_LIMIT, () -> System.err.printf(
          Output.PREFIX
              + "done, but still running %d s after the signal: a later call, such as writing a file, has not "
              + "returned; exiting now%n",
          wait.toSeconds()));
      return settled.getAsInt();
    }
    runWithin(FINAL_OUTPUT_LIMIT, () -> System.err.printf(
        Output.PREFIX
            + "still running %d s after the signal: a call to a device, a file or a peer has not returned; "
            + "exiting now. See 'vfio4j probe DEVICE' for the state of a device and 'vfio4j recover' for the owner%n",
        wait.toSeconds()));
    return ExitCodes.INTERVENTION_REQUIRED;
  }

  private static int reportInterrupted() {
    Runnable report;
    synchronized (LOCK) {
      report = interruptReport;
    }
    runWithin(FINAL_OUTPUT_LIMIT, report);
    return ExitCodes.FAILURE;
  }

  /** Runs a task that may block indefinitely, and waits for it up to a limit. */
  private static void runWithin(Duration limit, Runnable task) {
    Thread thread = new Thread(task, "vfio4j-final-output");
    thread.setDaemon(true);
    thread.start();
    try {
      thread.join(limit);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
